#pragma once

#include <memory>

#include "heed/core/device/context.h"
#include "heed/datasets/images/augmentation/augment_options.h"
#include "heed/datasets/images/image_data.h"
#include "heed/layers/models/image_classifier.h"
#include "heed/trainers/loop/task.h"

namespace heed {

/// Classification of images.
class ImageTask final : public Task {
public:
    /// `augment` changes the training images; `class_weights` multiply their losses (empty: all 1).
    ImageTask(Context& context, ImageClassifier& model, ImageData data, double label_smoothing,
              int64_t evaluation_batch, const AugmentOptions& augment = {},
              const std::vector<float>& class_weights = {});

    Module& model() override { return *model_; }
    void use_model(Module& model) override { model_ = &dynamic_cast<ImageClassifier&>(model); }
    int64_t samples(Split split) const override { return split_of(data_, split).size(); }
    int64_t epoch_steps(int64_t batch) const override;
    void begin(const BatchPlan& plan) override;
    MicroBatch next(ForwardState state) override;
    void observe(ForwardObserver& observer, int64_t samples) override;
    void show_training(int64_t batch, uint64_t seed, ForwardObserver& observer,
                       const std::function<bool(int64_t)>& after) override;
    double waited_seconds() const override { return loader_ ? loader_->waited_seconds() : 0.0; }
    Evaluation evaluate(Split split) override;
    double divergence_from(Module& other, Split split) override;

    const ImageData& data() const { return data_; }

private:
    MicroBatch forward(const ImageBatch& batch, ForwardState state);
    template <class Measure, class Add>
    void measure_batches(Split split, const Measure& measure, const Add& add);
    Tensor teacher_logits(const Teacher& teacher, const Tensor& images);
    Tensor labels_on_device(const std::vector<int32_t>& labels) const;

    Context& context_;
    ImageClassifier* model_;
    ImageData data_;
    float label_smoothing_;
    Tensor class_weights_;  // undefined: all 1
    int64_t evaluation_batch_;
    AugmentOptions augment_;
    std::unique_ptr<BatchLoader> loader_;
    const ImageBatch* batch_ = nullptr;
};

/// The images of a batch on the device, [size, channels, height, width].
Tensor images_on_device(Context& context, const ImageBatch& batch, const ImageShape& shape);

}  // namespace heed
