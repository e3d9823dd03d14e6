#pragma once

#include <cstdint>
#include <vector>

#include "heed/datasets/batches/batch_loader.h"

namespace heed {

/// Training images as a model sees them, for people to look at.
struct AugmentedImages {
    ImageShape shape;
    std::vector<uint8_t> pixels;   ///< [count, C, H, W]; normalisation undone, rounded, cut to 0 .. 255
    std::vector<int32_t> labels;   ///< [count]
    std::vector<int64_t> indices;  ///< [count], positions in the split's source
    /// Where the batch is mixed: labels of the images mixed in, [count], else empty; and the weight of `labels`.
    std::vector<int32_t> partner_labels;
    float own_share = 1;

    int64_t count() const { return static_cast<int64_t>(labels.size()); }
};

/// The first `count` images of the optimizer batch at `plan.start` (fewer where it has fewer), exactly those that a
/// BatchLoader of these arguments delivers first; ranks and micro-batches of the plan do not matter.
AugmentedImages augmented_images(const ImageSplit& split, const Normalisation& normalisation, BatchPlan plan,
                                 const AugmentOptions& augment, int64_t count);

}  // namespace heed
