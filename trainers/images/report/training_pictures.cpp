#include "heed/trainers/images/report/training_pictures.h"

#include <algorithm>
#include <cmath>

namespace heed {

uint8_t displayed_byte(float value, const Normalisation& normalisation, int64_t channel) {
    const auto of_channel = [channel](const std::vector<double>& values) {
        return values.size() == 1 ? values.front() : values.at(static_cast<size_t>(channel));
    };
    const double shown =
        255.0 * (static_cast<double>(value) * of_channel(normalisation.deviation) + of_channel(normalisation.mean));
    return static_cast<uint8_t>(std::lround(std::clamp(shown, 0.0, 255.0)));
}

std::vector<TrainingPicture> first_training_pictures(const ImageData& data, const AugmentOptions& augment,
                                                     BatchPlan plan, int64_t count) {
    plan.end_epoch = 1;
    plan.buffers = 2;
    BatchLoader loader(data.train, data.normalisation, plan, augment);
    const ImageBatch* batch = loader.next();
    const int64_t pixels = data.shape().pixels(), plane = data.shape().height * data.shape().width;
    std::vector<TrainingPicture> pictures;
    for (int64_t i = 0; batch != nullptr && i < std::min(count, batch->size()); ++i) {
        const auto place = static_cast<size_t>(i);
        TrainingPicture picture;
        picture.label = batch->labels[place];
        if (!batch->partner_labels.empty()) {
            picture.partner = batch->partner_labels[place];
            picture.share = static_cast<double>(batch->own_share);
        }
        picture.planes.reserve(static_cast<size_t>(pixels));
        for (int64_t pixel = 0; pixel < pixels; ++pixel) {
            const float value = batch->images[static_cast<size_t>(i * pixels + pixel)];
            picture.planes.push_back(displayed_byte(value, data.normalisation, pixel / plane));
        }
        pictures.push_back(std::move(picture));
    }
    return pictures;
}

}  // namespace heed
