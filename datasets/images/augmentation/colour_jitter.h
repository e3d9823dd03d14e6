#pragma once

#include <cstdint>
#include <span>

#include "heed/datasets/images/image_source.h"

namespace heed {

/// Factors of a colour jitter, 1 for no change.
struct ColourFactors {
    float brightness = 1;  ///< of every value
    float contrast = 1;    ///< of the distance from the mean grey of the (brightened) image
    float saturation = 1;  ///< of the distance from the pixel's own grey; no effect without colours
};

/// Changes an image of bytes `[C, H, W]` in place, in this order; values are rounded once and kept in 0 .. 255. Grey is
/// 0.299 red + 0.587 green + 0.114 blue for three channels, else the mean of the channels.
void jitter_colours(std::span<uint8_t> pixels, const ImageShape& shape, const ColourFactors& factors);

}  // namespace heed
