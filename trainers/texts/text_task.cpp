#include "heed/trainers/texts/text_task.h"

#include <algorithm>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/datasets/batches/batch_order.h"
#include "heed/trainers/classification/classification_meter.h"
#include "heed/trainers/classification/multi_label_meter.h"
#include "heed/trainers/distillation/distilled_loss.h"
#include "heed/trainers/distillation/divergence_meter.h"
#include "heed/trainers/ranks/shared_measuring.h"

namespace heed {

TextTask::TextTask(Context& context, TextClassifier& model, EncodedTextData data, LabelLossOptions loss)
    : InMemoryTask(context), model_(&model), data_(std::move(data)), loss_(std::move(loss)) {}

int64_t TextTask::epoch_steps(int64_t batch) const {
    return batches_per_epoch(data_.train.size(), batch);
}

TokenBatches TextTask::batches(int64_t batch, bool shuffle, uint64_t seed) const {
    TokenBatchPlan plan;
    plan.texts = batch;
    plan.shuffle = shuffle;
    plan.seed = seed;
    plan.sort = false;
    return {plan, data_.train.texts.lengths()};
}

void TextTask::fill(const BatchPart& part) {
    int64_t width = 0;
    for (const int64_t place : part.whole) width = std::max(width, data_.train.texts.length(place));
    places_.assign(part.places.begin(), part.places.end());
    fill_tokens(matrix_, data_.train.texts, places_, data_.pad, 0, 0, width);
}

Variable TextTask::classify(const TokenMatrix& texts, const ForwardState& state) {
    return classify_with(*model_, texts, state);
}

Variable TextTask::classify_with(TextClassifier& model, const TokenMatrix& texts, const ForwardState& state) {
    const Shape shape = {texts.rows, texts.columns};
    const Tensor ids = indices_on_device(context_, "token ids", shape, texts.ids, 0, model.shape().vocabulary);
    const Tensor lengths = indices_on_device(context_, "lengths", {texts.rows}, texts.lengths, 0, texts.columns + 1);
    return model.forward(ids, lengths, state);
}

MicroBatch TextTask::compute(const ForwardState& state) {
    const Variable logits = classify(matrix_, state);
    LabelLoss loss = label_loss(logits, data_.train.labels.at(places_), loss_);
    MicroBatch result{std::move(loss.loss), std::move(loss.totals), std::ssize(places_), {}};
    if (const Teacher* teacher = teacher_of(state)) {
        Tensor answers;
        {
            const NoGradient guard(context_);
            answers = classify_with(teacher->model_as<TextClassifier>(), matrix_, {}).value();
        }
        if (several_labels()) {
            follow_teacher_on_labels(result, logits, answers, *teacher);
        } else {
            follow_teacher(result, logits, answers, *teacher);
        }
    }
    return result;
}

void TextTask::show(std::span<const int64_t> places, const ForwardState& state) {
    for (size_t i = 0; i < places.size(); ++i) show_together(places.subspan(i, 1), state);
}

void TextTask::show_together(std::span<const int64_t> places, const ForwardState& state) {
    TokenMatrix matrix;
    fill_tokens(matrix, data_.train.texts, places, data_.pad);
    classify(matrix, state);
}

/// measure_shared of all texts: `measure` is given a batch, the places of its texts and the packer.
template <class Measure, class Add>
void TextTask::measure_batches(const EncodedSplit& split, const Measure& measure, const Add& add) {
    TokenBatchPlan plan;
    plan.tokens = std::max(tokens_at_a_time, model_->shape().max_tokens);
    plan.shuffle = false;
    const TokenEpoch epoch = TokenBatches(plan, split.texts.lengths()).epoch(0);
    TokenMatrix matrix;
    measure_shared(
        ranks(), epoch.batches(),
        [&](int64_t batch, Packer& packed) {
            const std::span<const int64_t> places = epoch.batch(batch);
            fill_tokens(matrix, split.texts, places, data_.pad);
            measure(matrix, places, packed);
        },
        add);
}

Evaluation TextTask::evaluate(Split split) {
    NoGradient guard(context_);
    const EncodedSplit& texts = split_of(data_, split);
    const std::string name = "texts of the " + std::string(split_name(split)) + " split";
    const auto measure = [&](auto meter, const auto& labels_at) {
        measure_batches(
            texts,
            [&](const TokenMatrix& matrix, std::span<const int64_t> places, Packer& packed) {
                meter.measure(classify(matrix), labels_at(places), places, packed);
            },
            [&](Unpacker& packed) { meter.add(packed); });
        return meter.finish();
    };
    if (several_labels()) {
        return measure(MultiLabelMeter(data_.classes, name),
                       [&](const auto& places) { return texts.labels.at(places); });
    }
    return measure(ClassificationMeter(data_.classes, name),
                   [&](const auto& places) { return texts.labels.at(places).flat(); });
}

double TextTask::divergence_from(Module& other, Split split) {
    NoGradient guard(context_);
    auto& other_model = dynamic_cast<TextClassifier&>(other);
    DivergenceMeter meter(several_labels());
    measure_batches(
        split_of(data_, split),
        [&](const TokenMatrix& matrix, std::span<const int64_t> places, Packer& packed) {
            meter.measure(classify(matrix), classify_with(other_model, matrix, {}).value(), std::ssize(places), packed);
        },
        [&](Unpacker& packed) { meter.add(packed); });
    return meter.mean();
}

}  // namespace heed
