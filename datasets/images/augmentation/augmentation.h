#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heed/core/random/random.h"
#include "heed/datasets/images/augmentation/augment_options.h"
#include "heed/datasets/images/image_source.h"
#include "heed/datasets/images/normalisation.h"

namespace heed {

/// Reads images of a source, changes them at random, each by itself, and normalises them. The changes are a pure
/// function of (seed, epoch, index of the image), whatever batch, thread or rank asks. Order: colour jitter on the
/// bytes (brightness, contrast, saturation), crop, flip, normalisation, erasing. What lies outside of the image and
/// what is erased becomes 0 after normalisation, the mean of the data.
class Augmentation {
public:
    /// UserError where the settings do not fit the shape.
    Augmentation(const AugmentOptions& options, const Normalisation& normalisation, const ImageShape& shape,
                 uint64_t seed);

    /// Image `index` in epoch `epoch` as `[C, H, W]` into `values`; `bytes` is scratch of the same number of pixels.
    /// Throws what the source throws.
    void read(const ImageSource& source, int64_t index, int64_t epoch, std::span<uint8_t> bytes,
              std::span<float> values) const;

private:
    void normalise_shifted(std::span<const uint8_t> bytes, std::span<float> values, RandomSequence& random) const;
    void erase(std::span<float> values, RandomSequence& random) const;

    AugmentOptions options_;
    PixelTable pixels_;
    ImageShape shape_;
    RandomKey key_;
    double brightness_, contrast_, saturation_;
};

}  // namespace heed
