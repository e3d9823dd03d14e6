#include "heed/trainers/images/image_task.h"

#include <algorithm>
#include <numeric>

#include "heed/core/error.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/datasets/batches/batch_order.h"
#include "heed/trainers/classification/classification_meter.h"
#include "heed/trainers/loop/finite.h"
#include "heed/trainers/loop/stop_request.h"

namespace heed {

namespace {

std::vector<int32_t> on_host(const Tensor& values) {
    std::vector<int32_t> host(static_cast<size_t>(values.elements()));
    values.copy_to_host(host.data());
    return host;
}

int64_t equal_count(const std::vector<int32_t>& predictions, const std::vector<int32_t>& labels) {
    int64_t count = 0;
    for (size_t i = 0; i < labels.size(); ++i) count += predictions[i] == labels[i] ? 1 : 0;
    return count;
}

}  // namespace

Tensor images_on_device(Context& context, const ImageBatch& batch, const ImageShape& shape) {
    Tensor images = Tensor::empty(context, {batch.size(), shape.channels, shape.height, shape.width});
    images.copy_from_host(batch.images.data());
    return images;
}

ImageTask::ImageTask(Context& context, ImageClassifier& model, ImageData data, double label_smoothing,
                     int64_t evaluation_batch, const AugmentOptions& augment, const std::vector<float>& class_weights)
    : context_(context),
      model_(model),
      data_(std::move(data)),
      label_smoothing_(static_cast<float>(label_smoothing)),
      class_weights_(class_weights.empty()
                         ? Tensor()
                         : Tensor::from_host(context, {static_cast<int64_t>(class_weights.size())}, class_weights)),
      evaluation_batch_(evaluation_batch),
      augment_(augment) {}

int64_t ImageTask::epoch_steps(int64_t batch) const {
    return batches_per_epoch(samples(Split::train), batch);
}

void ImageTask::begin(const BatchPlan& plan) {
    batch_ = nullptr;
    loader_ = std::make_unique<BatchLoader>(data_.train, data_.normalisation, plan, augment_);
}

MicroBatch ImageTask::next(ForwardState state) {
    batch_ = loader_ ? loader_->next() : nullptr;
    if (!batch_) throw Error("the training data has come to its end");
    return forward(*batch_, state);
}

MicroBatch ImageTask::forward(const ImageBatch& batch, ForwardState state) {
    MicroBatch result;
    result.position = batch.position;
    if (batch.size() == 0) return result;
    state.first_sample = static_cast<uint32_t>(batch.first_sample);
    Tensor labels = Tensor::from_host(context_, {batch.size()}, std::span<const int32_t>(batch.labels));
    Variable logits = model_.forward(images_on_device(context_, batch, data_.shape()), state);
    CrossEntropyResult loss = cross_entropy(logits, labels, label_smoothing_, class_weights_);
    const bool mixed = !batch.partner_labels.empty();
    // Of a mixed image, the class with the larger share counts as the right one.
    const std::vector<int32_t>& main_labels = mixed && batch.own_share < 0.5f ? batch.partner_labels : batch.labels;
    result.sums = {loss.loss_sum, equal_count(on_host(loss.predictions), main_labels), batch.size()};
    result.loss = std::move(loss.loss);
    if (mixed) add_partner_loss(result, logits, batch);
    return result;
}

/// Cross-entropy is linear in its targets: two hard targets with weights are the soft one.
void ImageTask::add_partner_loss(MicroBatch& result, const Variable& logits, const ImageBatch& batch) {
    const float own = batch.own_share, rest = 1.0f - own;
    Tensor labels = Tensor::from_host(context_, {batch.size()}, std::span<const int32_t>(batch.partner_labels));
    CrossEntropyResult partner = cross_entropy(logits, labels, label_smoothing_, class_weights_);
    result.loss = add(scale(result.loss, own), scale(partner.loss, rest));
    result.sums.loss = static_cast<double>(own) * result.sums.loss + static_cast<double>(rest) * partner.loss_sum;
}

std::string ImageTask::find_non_finite(ForwardState state) {
    if (!batch_) return "";
    return first_non_finite_op(context_, [&] { forward(*batch_, state); });
}

void ImageTask::observe(ForwardObserver& observer, int64_t samples) {
    const int64_t count = batch_ ? std::min(samples, batch_->size()) : 0;
    if (count == 0) return;
    NoGradient guard(context_);
    const ImageShape& shape = data_.shape();
    Tensor images = Tensor::empty(context_, {count, shape.channels, shape.height, shape.width});
    images.copy_from_host(batch_->images.data());
    ForwardState state;
    state.observer = &observer;
    model_.forward(images, state);
}

Evaluation ImageTask::evaluate(Split split) {
    NoGradient guard(context_);
    ClassificationMeter meter(static_cast<int64_t>(data_.class_names().size()),
                              "images of the " + std::string(split_name(split)) + " split");
    BatchPlan plan;
    plan.batch = evaluation_batch_;
    plan.end_epoch = 1;
    BatchLoader loader(split_of(data_, split), data_.normalisation, plan);
    std::vector<int64_t> places;
    int64_t done = 0;
    while (const ImageBatch* batch = loader.next()) {
        stop_point();
        places.resize(static_cast<size_t>(batch->size()));
        std::iota(places.begin(), places.end(), done);
        meter.add(model_.forward(images_on_device(context_, *batch, data_.shape()), {}), batch->labels, places);
        done += batch->size();
    }
    return meter.finish();
}

}  // namespace heed
