#pragma once

#include <cstdint>

namespace heed {

/// The grey of a colour: luma Y' of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B of the stored (not linear) values,
/// rounded as Pillow's `convert("L")` does.
inline uint8_t luma(uint32_t red, uint32_t green, uint32_t blue) {
    return static_cast<uint8_t>((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
}

/// a * b / 255 of two bytes, rounded to the nearest.
inline uint8_t byte_product(uint32_t a, uint32_t b) {
    const uint32_t product = a * b + 128;
    return static_cast<uint8_t>((product + (product >> 8)) >> 8);
}

}  // namespace heed
