#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "heed/datasets/images/image_source.h"

namespace heed {

/// An image of a data set as `data:image/png;base64,...`, with its size in pixels.
struct Picture {
    std::string url;
    int64_t width = 0, height = 0;
};

/// `planes` is [channels, height, width]; of other numbers of channels than 3 or more the first is drawn in grey.
/// Images with a side above 64 pixels become means over squares of pixels.
Picture make_picture(std::span<const uint8_t> planes, const ImageShape& shape);

/// How a heat map is put on the page.
enum class HeatStyle : uint8_t {
    overlay,  ///< translucent, to be laid over a picture
    matrix,   ///< opaque, zeros left out, square roots so that small values show
    ink       ///< the blue of the page's tables, the stronger the larger: paper at 0
};

/// A map of values from 0 on, row after row, as `data:image/png;base64,...`, one pixel a value: dark at 0, bright at
/// `most`.
std::string heat_map(std::span<const float> values, int64_t width, float most, HeatStyle style);

}  // namespace heed
