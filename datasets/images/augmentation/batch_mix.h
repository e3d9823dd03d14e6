#pragma once

#include <cstdint>
#include <span>

#include "heed/core/random/random.h"
#include "heed/datasets/images/augmentation/augment_options.h"
#include "heed/datasets/images/image_source.h"

namespace heed {

/// How the images of one optimizer batch are mixed in pairs: sample s of n with sample n - 1 - s, as the order of an
/// epoch is random already. `own_share` is what remains of the own image, and of its label.
struct BatchMix {
    enum class Kind : uint8_t { none, mixup, cutmix };

    Kind kind = Kind::none;
    float own_share = 1;
    // cutmix: the rectangle that comes from the partner, in pixels
    int64_t top = 0, left = 0, height = 0, width = 0;

    /// Place of the partner of sample `place` in an optimizer batch of `batch_size`.
    static int64_t partner(int64_t place, int64_t batch_size) { return batch_size - 1 - place; }
};

/// The mixing of batch `batch` of epoch `epoch`: a pure function of the arguments.
BatchMix draw_batch_mix(const AugmentOptions& options, const ImageShape& shape, uint64_t seed, int64_t epoch,
                        int64_t batch);

/// Mixes `other` into `own`, both `[C, H, W]`.
void mix_into(const BatchMix& mix, const ImageShape& shape, std::span<float> own, std::span<const float> other);

/// Mixes two partners with each other, each as `mix_into` would with the other's first values.
void mix_pair(const BatchMix& mix, const ImageShape& shape, std::span<float> a, std::span<float> b);

/// A number in [0, 1] from the distribution Beta(alpha, alpha), alpha > 0.
double draw_beta(RandomSequence& random, double alpha);

}  // namespace heed
