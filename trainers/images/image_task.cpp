#include "heed/trainers/images/image_task.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>

#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/losses/totals.h"
#include "heed/datasets/batches/batch_order.h"
#include "heed/trainers/classification/classification_meter.h"
#include "heed/trainers/distillation/distilled_loss.h"
#include "heed/trainers/distillation/divergence_meter.h"
#include "heed/trainers/loop/stop_request.h"
#include "heed/trainers/ranks/shared_measuring.h"

namespace heed {

Tensor images_on_device(Context& context, const ImageBatch& batch, const ImageShape& shape) {
    Tensor images = Tensor::empty(context, {batch.size(), shape.channels, shape.height, shape.width});
    images.copy_from_host(batch.images.data());
    return images;
}

ImageTask::ImageTask(Context& context, ImageClassifier& model, ImageData data, double label_smoothing,
                     int64_t evaluation_batch, const AugmentOptions& augment, const std::vector<float>& class_weights)
    : context_(context),
      model_(&model),
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
    const Tensor labels = labels_on_device(batch.labels);
    const Tensor images = images_on_device(context_, batch, data_.shape());
    const Variable logits = model_->forward(images, state);
    CrossEntropyResult loss = cross_entropy(logits, labels, label_smoothing_, class_weights_);
    result.count = batch.size();
    result.totals = Tensor::zeros(context_, {2}, DType::f64);
    const Tensor loss_total = result.totals.view(0, {1}), correct = result.totals.view(1, {1});
    if (batch.partner_labels.empty()) {
        add_total(loss.loss_total(), 1.0, loss_total);
        add_equal_total(loss.predictions, labels, correct);
        result.loss = std::move(loss.loss);
    } else {
        // Cross-entropy is linear in its targets: two hard targets with weights are the soft one. The class with the
        // larger share counts as the right one.
        const float own = batch.own_share, rest = 1.0f - own;
        const Tensor partner_labels = labels_on_device(batch.partner_labels);
        const CrossEntropyResult partner = cross_entropy(logits, partner_labels, label_smoothing_, class_weights_);
        add_total(loss.loss_total(), static_cast<double>(own), loss_total);
        add_total(partner.loss_total(), static_cast<double>(rest), loss_total);
        add_equal_total(loss.predictions, own < 0.5f ? partner_labels : labels, correct);
        result.loss = add(scale(loss.loss, own), scale(partner.loss, rest));
    }
    if (const Teacher* teacher = teacher_of(state)) {
        follow_teacher(result, logits, teacher_logits(*teacher, images), *teacher);
    }
    return result;
}

Tensor ImageTask::teacher_logits(const Teacher& teacher, const Tensor& images) {
    const NoGradient guard(context_);
    return teacher.model_as<ImageClassifier>().forward(images, {}).value();
}

Tensor ImageTask::labels_on_device(const std::vector<int32_t>& labels) const {
    return indices_on_device(context_, "labels", {std::ssize(labels)}, labels, 0, std::ssize(data_.class_names()));
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
    model_->forward(images, state);
}

void ImageTask::show_training(int64_t batch, uint64_t seed, ForwardObserver& observer,
                              const std::function<bool(int64_t)>& after) {
    BatchPlan plan;
    plan.batch = batch;
    plan.shuffle = true;
    plan.seed = seed;
    BatchLoader loader(data_.train, data_.normalisation, plan);
    ForwardState state;
    state.observer = &observer;
    while (const ImageBatch* next = loader.next()) {
        stop_point();
        {
            const NoGradient guard(context_);
            model_->forward(images_on_device(context_, *next, data_.shape()), state);
        }
        if (!after(next->size())) return;
    }
}

/// measure_shared of all images of a split: `measure` is given a batch, the places of its images and the packer.
template <class Measure, class Add>
void ImageTask::measure_batches(Split split, const Measure& measure, const Add& add) {
    const ImageSplit& images = split_of(data_, split);
    const int64_t batches = batches_per_epoch(images.size(), evaluation_batch_);
    const auto range_of = [&](int64_t batch) { return batch_range(images.size(), evaluation_batch_, batch); };
    ImageSplit own{images.source, {}};
    for (int64_t batch = ranks().rank(); batch < batches; batch += ranks().size()) {
        const PositionRange range = range_of(batch);
        own.indices.insert(own.indices.end(), images.indices.begin() + range.begin, images.indices.begin() + range.end);
    }
    BatchPlan plan;
    plan.batch = evaluation_batch_;
    plan.end_epoch = 1;
    std::optional<BatchLoader> loader;
    if (own.size() > 0 || ranks().size() == 1) loader.emplace(std::move(own), data_.normalisation, plan);
    std::vector<int64_t> places;
    measure_shared(
        ranks(), batches,
        [&](int64_t number, Packer& packed) {
            const ImageBatch* batch = loader->next();
            const PositionRange range = range_of(number);
            places.resize(static_cast<size_t>(range.size()));
            std::iota(places.begin(), places.end(), range.begin);
            measure(*batch, places, packed);
        },
        add);
}

Evaluation ImageTask::evaluate(Split split) {
    NoGradient guard(context_);
    ClassificationMeter meter(static_cast<int64_t>(data_.class_names().size()),
                              "images of the " + std::string(split_name(split)) + " split");
    const auto measure = [&](const ImageBatch& batch, const std::vector<int64_t>& places, Packer& packed) {
        const Variable logits = model_->forward(images_on_device(context_, batch, data_.shape()), {});
        meter.measure(logits, batch.labels, places, packed);
    };
    measure_batches(split, measure, [&](Unpacker& packed) { meter.add(packed); });
    return meter.finish();
}

double ImageTask::divergence_from(Module& other, Split split) {
    NoGradient guard(context_);
    auto& other_model = dynamic_cast<ImageClassifier&>(other);
    DivergenceMeter meter;
    const auto measure = [&](const ImageBatch& batch, const std::vector<int64_t>&, Packer& packed) {
        const Tensor images = images_on_device(context_, batch, data_.shape());
        meter.measure(model_->forward(images, {}), other_model.forward(images, {}).value(), batch.size(), packed);
    };
    measure_batches(split, measure, [&](Unpacker& packed) { meter.add(packed); });
    return meter.mean();
}

}  // namespace heed
