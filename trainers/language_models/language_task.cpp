#include "heed/trainers/language_models/language_task.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/losses/totals.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/core/random/random.h"
#include "heed/datasets/batches/batch_order.h"
#include "heed/trainers/distillation/distilled_loss.h"
#include "heed/trainers/distillation/divergence_meter.h"
#include "heed/trainers/language_models/masking.h"
#include "heed/trainers/metrics/perplexity.h"
#include "heed/trainers/ranks/shared_measuring.h"

namespace heed {

namespace {

/// Totals of a MicroBatch. What does not count is never equal to a prediction.
Tensor language_totals(const CrossEntropyResult& loss, const Tensor& targets) {
    const Tensor totals = Tensor::zeros(targets.context(), {2}, DType::f64);
    add_total(loss.loss_total(), 1.0, totals.view(0, {1}));
    add_equal_total(loss.predictions, targets, totals.view(1, {1}));
    return totals;
}

}  // namespace

LanguageTargets language_targets(Context& context, const WindowBatch& batch, int64_t vocabulary) {
    const std::vector<int32_t>& outputs = batch.outputs;
    if (batch.counted == 0 || 2 * batch.counted >= std::ssize(outputs)) {
        return {{}, indices_on_device(context, "token ids", {std::ssize(outputs)}, outputs, -1, vocabulary)};
    }
    std::vector<int32_t> rows, ids;
    for (size_t row = 0; row < outputs.size(); ++row) {
        if (outputs[row] < 0) continue;
        rows.push_back(static_cast<int32_t>(row));
        ids.push_back(outputs[row]);
    }
    return {indices_on_device(context, "rows", {std::ssize(rows)}, rows, 0, std::ssize(outputs)),
            indices_on_device(context, "token ids", {std::ssize(ids)}, ids, 0, vocabulary)};
}

Variable language_logits(Context& context, LanguageModel& model, const WindowBatch& batch, const ForwardState& state,
                         const Tensor& rows) {
    const TokenMatrix& inputs = batch.inputs;
    const Tensor ids =
        indices_on_device(context, "token ids", {inputs.rows, inputs.columns}, inputs.ids, 0, model.shape().vocabulary);
    const Tensor lengths = indices_on_device(context, "lengths", {inputs.rows}, inputs.lengths, 0, inputs.columns + 1);
    if (rows.defined()) return model.forward_rows(ids, lengths, rows, state);
    const Variable logits = model.forward(ids, lengths, state);
    return reshape(logits, {inputs.rows * inputs.columns, logits.shape()[-1]});
}

LanguageTask::LanguageTask(Context& context, LanguageModel& model, EncodedLanguageData data, double label_smoothing)
    : InMemoryTask(context),
      model_(&model),
      data_(std::move(data)),
      label_smoothing_(static_cast<float>(label_smoothing)) {}

int64_t LanguageTask::windows_in(int64_t batch) const {
    return std::max<int64_t>(1, batch / data_.context);
}

int64_t LanguageTask::epoch_steps(int64_t batch) const {
    return batches_per_epoch(data_.train.size(), windows_in(batch));
}

TokenBatches LanguageTask::batches(int64_t batch, bool shuffle, uint64_t seed) const {
    TokenBatchPlan plan;
    plan.texts = windows_in(batch);
    plan.shuffle = shuffle;
    plan.seed = seed;
    plan.sort = false;
    return {plan, data_.train.windows.lengths()};
}

void LanguageTask::fill(const BatchPart& part) {
    int32_t width = 0;
    for (const int64_t place : part.whole) width = std::max(width, data_.train.windows.length(place));
    data_.train.windows.fill(batch_, part.places, data_.pad, width);
}

/// For a masked model; `samples` numbers the windows.
void LanguageTask::mask(WindowBatch& batch, std::span<const uint32_t> samples, uint64_t seed, uint32_t step) const {
    const int32_t mask_token = model_->shape().mask_token;
    if (mask_token < 0) return;
    batch.counted = 0;
    for (size_t row = 0; row < samples.size(); ++row) {
        RandomSequence random(random_key(seed, RandomPurpose::data_order, "masking"), step, samples[row]);
        const auto first = static_cast<int64_t>(row) * batch.inputs.columns;
        const std::span<int32_t> ids(batch.inputs.ids.data() + first, static_cast<size_t>(batch.inputs.columns));
        const std::span<int32_t> outputs(batch.outputs.data() + first, ids.size());
        batch.counted += mask_window(ids, batch.inputs.lengths[row], mask_token, random, outputs);
    }
}

MicroBatch LanguageTask::compute(const ForwardState& state) {
    std::vector<uint32_t> samples(static_cast<size_t>(batch_.inputs.rows));
    std::iota(samples.begin(), samples.end(), state.first_sample);
    mask(batch_, samples, state.seed, state.step);
    const LanguageTargets targets = language_targets(context_, batch_, model_->shape().vocabulary);
    const Variable logits = language_logits(context_, *model_, batch_, state, targets.rows);
    CrossEntropyResult loss = cross_entropy(logits, targets.ids, label_smoothing_);
    const Tensor totals = language_totals(loss, targets.ids);
    MicroBatch result{std::move(loss.loss), totals, batch_.counted, {}};
    if (const Teacher* teacher = teacher_of(state)) {
        Tensor answers;
        {
            const NoGradient guard(context_);
            answers = language_logits(context_, teacher->model_as<LanguageModel>(), batch_, {}, targets.rows).value();
        }
        follow_teacher(result, logits, answers, *teacher, targets.ids);
    }
    return result;
}

void LanguageTask::show(std::span<const int64_t> places, const ForwardState& state) {
    for (size_t i = 0; i < places.size(); ++i) show_together(places.subspan(i, 1), state);
}

void LanguageTask::show_together(std::span<const int64_t> places, const ForwardState& state) {
    WindowBatch batch;
    data_.train.windows.fill(batch, places, data_.pad);
    language_logits(context_, *model_, batch, state);
}

/// measure_shared of all windows of a split: `measure` is given a batch and the packer.
template <class Measure, class Add>
void LanguageTask::measure_batches(Split split, const Measure& measure, const Add& add) {
    constexpr int64_t tokens_at_a_time = 4096;
    const TokenWindows& windows = split_of(data_, split).windows;
    TokenBatchPlan plan;
    plan.tokens = std::max(tokens_at_a_time, model_->shape().max_tokens);
    plan.shuffle = false;
    const TokenEpoch epoch = TokenBatches(plan, windows.lengths()).epoch(0);
    WindowBatch batch;
    measure_shared(
        ranks(), epoch.batches(),
        [&](int64_t number, Packer& packed) {
            const std::span<const int64_t> places = epoch.batch(number);
            windows.fill(batch, places, data_.pad);
            mask(batch, std::vector<uint32_t>(places.begin(), places.end()), 0, 0);
            measure(batch, packed);
        },
        add);
}

Evaluation LanguageTask::evaluate(Split split) {
    const auto start = std::chrono::steady_clock::now();
    NoGradient guard(context_);
    double nll = 0.0, smoothed = 0.0;
    int64_t correct = 0, counted = 0;
    const auto measure = [&](const WindowBatch& batch, Packer& packed) {
        const LanguageTargets targets = language_targets(context_, batch, model_->shape().vocabulary);
        const CrossEntropyResult loss =
            cross_entropy(language_logits(context_, *model_, batch, {}, targets.rows), targets.ids, label_smoothing_);
        const CrossEntropyTotals sums = loss.totals();
        if (!std::isfinite(sums.loss) || !std::isfinite(sums.nll)) {
            throw Error(std::string("the model gives numbers that are not finite for text of the ") +
                        split_name(split) + " split");
        }
        double totals[2];
        language_totals(loss, targets.ids).copy_to_host(totals);
        packed.add(sums.nll);
        packed.add(sums.loss);
        packed.add(static_cast<int64_t>(totals[1]));
        packed.add(batch.counted);
    };
    measure_batches(split, measure, [&](Unpacker& packed) {
        nll += packed.take<double>();
        smoothed += packed.take<double>();
        correct += packed.take<int64_t>();
        counted += packed.take<int64_t>();
    });
    const EncodedLanguage& text = split_of(data_, split);
    Evaluation result;
    result.count = counted;
    const auto count = static_cast<double>(result.count);
    result.loss = nll / count;
    result.accuracy = static_cast<double>(correct) / count;
    result.score = -result.loss;
    result.compared_by = "loss";
    result.more.emplace_back("perplexity", perplexity(nll, result.count));
    if (label_smoothing_ > 0) result.more.emplace_back("smoothed_perplexity", perplexity(smoothed, result.count));
    if (text.bytes_per_token > 0 && model_->shape().mask_token < 0) {
        result.more.emplace_back("bits_per_byte", result.loss / std::numbers::ln2 / text.bytes_per_token);
    }
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

double LanguageTask::divergence_from(Module& other, Split split) {
    NoGradient guard(context_);
    auto& other_model = dynamic_cast<LanguageModel&>(other);
    DivergenceMeter meter;
    const auto measure = [&](const WindowBatch& batch, Packer& packed) {
        const LanguageTargets targets = language_targets(context_, batch, model_->shape().vocabulary);
        const Variable logits = language_logits(context_, *model_, batch, {}, targets.rows);
        meter.measure(logits, language_logits(context_, other_model, batch, {}, targets.rows).value(), batch.counted,
                      packed, targets.ids);
    };
    measure_batches(split, measure, [&](Unpacker& packed) { meter.add(packed); });
    return meter.mean();
}

}  // namespace heed
