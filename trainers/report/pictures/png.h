#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace heed {

/// A PNG file of 8-bit pixels in rows from the top, the channels of a pixel side by side: 1 (grey) or 3 (red, green,
/// blue) of them. Throws Error when the sizes do not fit each other or libpng refuses them.
std::vector<uint8_t> encode_png(int64_t width, int64_t height, int64_t channels, std::span<const uint8_t> pixels);

struct PaletteColour {
    uint8_t red = 0, green = 0, blue = 0;
    uint8_t alpha = 255;  ///< 0: transparent
};

/// A PNG file whose pixels are places in a palette of at most 256 colours. Throws Error as encode_png does, and when a
/// pixel lies outside of the palette.
std::vector<uint8_t> encode_palette_png(int64_t width, int64_t height, std::span<const PaletteColour> palette,
                                        std::span<const uint8_t> pixels);

}  // namespace heed
