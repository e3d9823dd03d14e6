#include "heed/datasets/images/augmentation/augmented_images.h"

#include <algorithm>
#include <cmath>

#include "heed/core/error.h"

namespace heed {

namespace {

std::size_t value_of_channel(const std::vector<double>& values, int64_t channel) {
    return values.size() == 1 ? 0 : static_cast<std::size_t>(channel);
}

uint8_t byte_of(double unit) {
    return static_cast<uint8_t>(std::lround(std::clamp(unit, 0.0, 1.0) * 255));
}

}  // namespace

AugmentedImages augmented_images(const ImageSplit& split, const Normalisation& normalisation, BatchPlan plan,
                                 const AugmentOptions& augment, int64_t count) {
    plan.rank = 0;
    plan.ranks = 1;
    plan.micro_batches = 1;
    plan.end_epoch = plan.start.epoch + 1;
    BatchLoader loader(split, normalisation, plan, augment);
    const ImageBatch* batch = loader.next();
    if (batch == nullptr) throw Error("the plan for augmented images starts after the last batch of its epoch");
    AugmentedImages result;
    result.shape = split.source->shape();
    result.own_share = batch->own_share;
    const auto first = [&](const auto& values) {
        const auto taken = std::min(values.size(), static_cast<std::size_t>(count));
        return std::remove_cvref_t<decltype(values)>(values.begin(),
                                                     values.begin() + static_cast<std::ptrdiff_t>(taken));
    };
    result.labels = first(batch->labels);
    result.indices = first(batch->indices);
    result.partner_labels = first(batch->partner_labels);
    const int64_t plane = result.shape.height * result.shape.width;
    result.pixels.resize(static_cast<std::size_t>(result.count() * result.shape.pixels()));
    for (std::size_t i = 0; i < result.pixels.size(); ++i) {
        const int64_t channel = static_cast<int64_t>(i) / plane % result.shape.channels;
        const double mean = normalisation.mean[value_of_channel(normalisation.mean, channel)];
        const double deviation = normalisation.deviation[value_of_channel(normalisation.deviation, channel)];
        result.pixels[i] = byte_of(static_cast<double>(batch->images[i]) * deviation + mean);
    }
    return result;
}

}  // namespace heed
