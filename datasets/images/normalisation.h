#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heed/datasets/images/image_source.h"

namespace heed {

/// Channel c of an image becomes (byte / 255 - mean[c]) / deviation[c]. One value stands for all channels.
struct Normalisation {
    std::vector<double> mean = {0.0};
    std::vector<double> deviation = {1.0};
};

/// A normalisation made ready for images of one shape: a table of 256 floats a channel, exact to the last bit of the
/// formula in float (divide, subtract, divide), as other frameworks compute it.
class PixelTable {
public:
    /// UserError where the number of values fits neither one nor the channels, or a deviation is not above 0.
    PixelTable(const Normalisation& normalisation, const ImageShape& shape);

    /// Normalises one image, bytes `[C, H, W]` to floats `[C, H, W]`.
    void apply(std::span<const uint8_t> pixels, std::span<float> values) const;

    /// The 256 floats of one channel, by byte.
    const float* channel(int64_t channel) const { return table_.data() + channel * 256; }

private:
    int64_t channels_;
    int64_t plane_;
    std::vector<float> table_;
};

}  // namespace heed
