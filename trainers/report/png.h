#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace heed {

/// A PNG file of 8-bit pixels in rows from the top, the channels of a pixel side by side: 1 (grey) or 3 (red, green,
/// blue) of them. Throws Error when the sizes do not fit each other or libpng refuses them.
std::vector<uint8_t> encode_png(int64_t width, int64_t height, int64_t channels, std::span<const uint8_t> pixels);

}  // namespace heed
