#include "heed/trainers/texts/text_task.h"

#include <algorithm>
#include <chrono>

#include "heed/core/error.h"
#include "heed/datasets/batches/batch_order.h"
#include "heed/trainers/classification/classification_meter.h"
#include "heed/trainers/classification/multi_label_meter.h"
#include "heed/trainers/loop/finite.h"
#include "heed/trainers/loop/stop_request.h"

namespace heed {

TextTask::TextTask(Context& context, TextClassifier& model, EncodedTextData data, LabelLossOptions loss)
    : context_(context), model_(model), data_(std::move(data)), loss_(std::move(loss)) {}

int64_t TextTask::epoch_steps(int64_t batch) const {
    return batches_per_epoch(data_.train.size(), batch);
}

void TextTask::begin(const BatchPlan& plan) {
    part_.reset();
    TokenBatchPlan batches;
    batches.texts = plan.batch;
    batches.shuffle = plan.shuffle;
    batches.seed = plan.seed;
    batches.sort = false;
    cursor_.emplace(TokenBatches(batches, data_.train.texts.lengths()), plan, epoch_steps(plan.batch));
}

MicroBatch TextTask::next(ForwardState state) {
    if (!cursor_) throw Error("the training has not begun");
    const auto start = std::chrono::steady_clock::now();
    part_ = cursor_->next();
    // All parts are as wide as the whole batch: the random numbers of dropout are counted by a token's place in it.
    int64_t width = 0;
    for (const int64_t place : part_->whole) width = std::max(width, data_.train.texts.length(place));
    fill_tokens(matrix_, data_.train.texts, part_->places, data_.pad, 0, 0, width);
    waited_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return forward(state);
}

Variable TextTask::classify(const TokenMatrix& texts, const ForwardState& state) {
    const Shape shape = {texts.rows, texts.columns};
    const Tensor ids = Tensor::from_host(context_, shape, std::span<const int32_t>(texts.ids));
    const Tensor lengths = Tensor::from_host(context_, {texts.rows}, std::span<const int32_t>(texts.lengths));
    return model_.forward(ids, lengths, state);
}

MicroBatch TextTask::forward(ForwardState state) {
    MicroBatch result;
    result.position = part_->position;
    if (part_->places.empty()) return result;
    state.first_sample = static_cast<uint32_t>(part_->first_sample);
    LabelLoss loss = label_loss(classify(matrix_, state), data_.train.labels.at(part_->places), loss_);
    result.sums = loss.sums;
    result.loss = std::move(loss.loss);
    return result;
}

std::string TextTask::find_non_finite(ForwardState state) {
    if (!part_) return "";
    return first_non_finite_op(context_, [&] { forward(state); });
}

void TextTask::observe(ForwardObserver& observer, int64_t samples) {
    const size_t count = part_ ? std::min(static_cast<size_t>(samples), part_->places.size()) : 0;
    if (count == 0) return;
    NoGradient guard(context_);
    ForwardState state;
    state.observer = &observer;
    TokenMatrix matrix;
    fill_tokens(matrix, data_.train.texts, part_->places.first(count), data_.pad);
    classify(matrix, state);
}

/// Calls `add` with the logits of all texts, batch after batch, and their places.
template <class Add>
void TextTask::classify_all(const EncodedSplit& split, Add&& add) {
    constexpr int64_t tokens_at_a_time = 8192;
    TokenBatchPlan plan;
    plan.tokens = std::max(tokens_at_a_time, model_.shape().max_tokens);
    plan.shuffle = false;
    const TokenEpoch epoch = TokenBatches(plan, split.texts.lengths()).epoch(0);
    TokenMatrix matrix;
    for (int64_t batch = 0; batch < epoch.batches(); ++batch) {
        stop_point();
        const std::span<const int64_t> places = epoch.batch(batch);
        fill_tokens(matrix, split.texts, places, data_.pad);
        add(classify(matrix), places);
    }
}

Evaluation TextTask::evaluate(Split split) {
    NoGradient guard(context_);
    const EncodedSplit& texts = split_of(data_, split);
    const std::string name = "texts of the " + std::string(split_name(split)) + " split";
    const auto measure = [&](auto meter, const auto& labels_at) {
        classify_all(texts, [&](const Variable& logits, std::span<const int64_t> places) {
            meter.add(logits, labels_at(places), places);
        });
        return meter.finish();
    };
    if (several_labels()) {
        return measure(MultiLabelMeter(data_.classes, name),
                       [&](const auto& places) { return texts.labels.at(places); });
    }
    return measure(ClassificationMeter(data_.classes, name),
                   [&](const auto& places) { return texts.labels.at(places).flat(); });
}

}  // namespace heed
