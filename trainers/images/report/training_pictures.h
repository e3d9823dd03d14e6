#pragma once

#include <cstdint>
#include <vector>

#include "heed/datasets/batches/batch_loader.h"
#include "heed/datasets/images/augmentation/augment_options.h"
#include "heed/datasets/images/image_data.h"

namespace heed {

/// A training image as the model sees it, after augmentation.
struct TrainingPicture {
    std::vector<uint8_t> planes;  ///< [channels, height, width]
    int32_t label = 0;
    int32_t partner = -1;  ///< label of the image mixed in; -1: none is
    double share = 1.0;    ///< of the own label
};

/// At most `count` images of the first micro-batch of a plan, in its order. Throws UserError when one cannot be read or
/// the plan does not fit the data.
std::vector<TrainingPicture> first_training_pictures(const ImageData& data, const AugmentOptions& augment,
                                                     BatchPlan plan, int64_t count);

/// The byte that stands for a normalised value of a channel: the inverse of the normalisation, rounded, within
/// [0, 255].
uint8_t displayed_byte(float value, const Normalisation& normalisation, int64_t channel);

}  // namespace heed
