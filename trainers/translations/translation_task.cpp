#include "heed/trainers/translations/translation_task.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/losses/totals.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/trainers/distillation/distilled_loss.h"
#include "heed/trainers/distillation/divergence_meter.h"
#include "heed/trainers/metrics/perplexity.h"
#include "heed/trainers/ranks/shared_measuring.h"

namespace heed {

namespace {

constexpr int32_t left_out = -1;  // what cross_entropy passes over

double seconds_from(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Tokens that the decoder reads of each target.
std::vector<int32_t> input_lengths(const EncodedTexts& targets) {
    std::vector<int32_t> lengths = targets.lengths();
    for (int32_t& length : lengths) --length;
    return lengths;
}

/// Batches of pairs, sorted by the side that takes the most padding where it is not: targets, but sources where these
/// are much longer, as documents are beside their summaries.
TokenBatches batches_of_pairs(const TokenBatchPlan& plan, const EncodedTranslations& pairs,
                              std::vector<float> weights = {}) {
    constexpr int64_t much_longer = 2;
    std::vector<int32_t> targets = input_lengths(pairs.targets), sources = pairs.sources.lengths();
    if (pairs.sources.tokens() > much_longer * pairs.targets.tokens()) std::swap(sources, targets);
    return {plan, std::move(targets), std::move(sources), std::move(weights)};
}

Tensor ids_on_device(Context& context, const TokenMatrix& matrix, int64_t vocabulary) {
    return indices_on_device(context, "token ids", {matrix.rows, matrix.columns}, matrix.ids, 0, vocabulary);
}

Tensor lengths_on_device(Context& context, const TokenMatrix& matrix) {
    return indices_on_device(context, "lengths", {matrix.rows}, matrix.lengths, 0, matrix.columns + 1);
}

struct TranslationLoss {
    CrossEntropyResult result;
    Tensor targets;  ///< of its rows
};

TranslationLoss translation_loss(Context& context, const Variable& logits, const PairBatch& batch,
                                 float label_smoothing) {
    TranslationLoss loss;
    loss.targets =
        indices_on_device(context, "token ids", {logits.shape()[0]}, batch.outputs.ids, left_out, logits.shape()[1]);
    loss.result = cross_entropy(logits, loss.targets, label_smoothing);
    return loss;
}

/// Totals of a MicroBatch. What is left out is never equal to a prediction.
Tensor totals_of(const TranslationLoss& loss) {
    const Tensor totals = Tensor::zeros(loss.targets.context(), {2}, DType::f64);
    add_total(loss.result.loss_total(), 1.0, totals.view(0, {1}));
    add_equal_total(loss.result.predictions, loss.targets, totals.view(1, {1}));
    return totals;
}

}  // namespace

int64_t PairBatch::target_tokens() const {
    return std::accumulate(outputs.lengths.begin(), outputs.lengths.end(), int64_t{0});
}

PairBatch pair_batch(const EncodedTranslations& pairs, std::span<const int64_t> places, int32_t source_pad,
                     int32_t target_pad, std::span<const int64_t> like) {
    int64_t source_width = 0, target_width = 0;
    for (const int64_t place : like) {
        source_width = std::max(source_width, pairs.sources.length(place));
        target_width = std::max(target_width, pairs.targets.length(place) - 1);
    }
    PairBatch batch;
    fill_tokens(batch.sources, pairs.sources, places, source_pad, 0, 0, source_width);
    fill_tokens(batch.inputs, pairs.targets, places, target_pad, 0, 1, target_width);
    fill_tokens(batch.outputs, pairs.targets, places, left_out, 1, 0, target_width);
    return batch;
}

Variable translation_logits(Context& context, Translator& model, const PairBatch& batch, const ForwardState& state) {
    const Tensor source_lengths = lengths_on_device(context, batch.sources);
    const TranslatorShape shape = model.shape();
    const Variable encoded =
        model.encode(ids_on_device(context, batch.sources, shape.source_vocabulary), source_lengths, state);
    const Variable logits = model.decode(ids_on_device(context, batch.inputs, shape.target_vocabulary),
                                         lengths_on_device(context, batch.inputs), encoded, source_lengths, state);
    return reshape(logits, {batch.inputs.rows * batch.inputs.columns, logits.shape()[-1]});
}

TranslationTask::TranslationTask(Context& context, Translator& model, EncodedTranslationData data,
                                 double label_smoothing, Finish finish)
    : InMemoryTask(context),
      model_(&model),
      data_(std::move(data)),
      label_smoothing_(static_cast<float>(label_smoothing)),
      finish_(std::move(finish)) {}

TokenBatches TranslationTask::batches(int64_t tokens, bool shuffle, uint64_t seed) const {
    TokenBatchPlan plan;
    plan.tokens = tokens;
    plan.shuffle = shuffle;
    plan.seed = seed;
    plan.window = 256;  // with fewer batches, either side is padded much
    plan.sort = false;
    return batches_of_pairs(plan, data_.train, data_.train.weights);
}

int64_t TranslationTask::epoch_steps(int64_t batch) const {
    // A pass over few pairs of small weights may be empty.
    return std::max<int64_t>(1, batches(batch, true, 0).epoch(0).batches());
}

void TranslationTask::fill(const BatchPart& part) {
    batch_ = pair_batch(data_.train, part.places, data_.source_pad, data_.target_pad, part.whole);
}

MicroBatch TranslationTask::compute(const ForwardState& state) {
    const Variable logits = translation_logits(context_, *model_, batch_, state);
    TranslationLoss loss = translation_loss(context_, logits, batch_, label_smoothing_);
    MicroBatch result{std::move(loss.result.loss), totals_of(loss), batch_.target_tokens(), {}};
    if (const Teacher* teacher = teacher_of(state)) {
        Tensor answers;
        {
            const NoGradient guard(context_);
            answers = translation_logits(context_, teacher->model_as<Translator>(), batch_, {}).value();
        }
        follow_teacher(result, logits, answers, *teacher, loss.targets);
    }
    return result;
}

void TranslationTask::show(std::span<const int64_t> places, const ForwardState& state) {
    for (size_t i = 0; i < places.size(); ++i) show_together(places.subspan(i, 1), state);
}

void TranslationTask::show_together(std::span<const int64_t> places, const ForwardState& state) {
    translation_logits(context_, *model_, pair_batch(data_.train, places, data_.source_pad, data_.target_pad), state);
}

/// measure_shared of all pairs of a split: `measure` is given a batch and the packer.
template <class Measure, class Add>
void TranslationTask::measure_batches(Split split, const Measure& measure, const Add& add) {
    constexpr int64_t tokens_at_a_time = 4096;
    const EncodedTranslations& pairs = split_of(data_, split);
    const TranslatorShape shape = model_->shape();
    TokenBatchPlan plan;
    plan.tokens = std::max({tokens_at_a_time, shape.max_source_tokens, shape.max_target_tokens});
    plan.shuffle = false;
    const TokenEpoch epoch = batches_of_pairs(plan, pairs).epoch(0);
    measure_shared(
        ranks(), epoch.batches(),
        [&](int64_t batch, Packer& packed) {
            measure(pair_batch(pairs, epoch.batch(batch), data_.source_pad, data_.target_pad), packed);
        },
        add);
}

Evaluation TranslationTask::evaluate(Split split) {
    const auto start = std::chrono::steady_clock::now();
    NoGradient guard(context_);
    double nll = 0.0, smoothed = 0.0;
    int64_t correct = 0, count = 0;
    const auto measure = [&](const PairBatch& batch, Packer& packed) {
        const TranslationLoss loss =
            translation_loss(context_, translation_logits(context_, *model_, batch, {}), batch, label_smoothing_);
        const CrossEntropyTotals sums = loss.result.totals();
        if (!std::isfinite(sums.loss) || !std::isfinite(sums.nll)) {
            throw Error(std::string("the model gives numbers that are not finite for sentences of the ") +
                        split_name(split) + " split");
        }
        double totals[2];
        totals_of(loss).copy_to_host(totals);
        packed.add(sums.nll);
        packed.add(sums.loss);
        packed.add(static_cast<int64_t>(totals[1]));
        packed.add(batch.target_tokens());
    };
    measure_batches(split, measure, [&](Unpacker& packed) {
        nll += packed.take<double>();
        smoothed += packed.take<double>();
        correct += packed.take<int64_t>();
        count += packed.take<int64_t>();
    });
    Evaluation result;
    result.count = count;
    result.loss = nll / static_cast<double>(count);
    result.accuracy = static_cast<double>(correct) / static_cast<double>(count);
    result.score = -result.loss;
    result.compared_by = "loss";
    result.more.emplace_back("perplexity", perplexity(nll, count));
    if (label_smoothing_ > 0) result.more.emplace_back("smoothed_perplexity", perplexity(smoothed, count));
    if (finish_) finish_(split, result, ranks());
    result.seconds = seconds_from(start);
    return result;
}

double TranslationTask::divergence_from(Module& other, Split split) {
    NoGradient guard(context_);
    auto& other_model = dynamic_cast<Translator&>(other);
    DivergenceMeter meter;
    const auto measure = [&](const PairBatch& batch, Packer& packed) {
        const Variable logits = translation_logits(context_, *model_, batch, {});
        const Tensor targets = translation_loss(context_, logits, batch, 0.0f).targets;
        meter.measure(logits, translation_logits(context_, other_model, batch, {}).value(), batch.target_tokens(),
                      packed, targets);
    };
    measure_batches(split, measure, [&](Unpacker& packed) { meter.add(packed); });
    return meter.mean();
}

}  // namespace heed
