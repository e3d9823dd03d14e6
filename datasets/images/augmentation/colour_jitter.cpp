#include "heed/datasets/images/augmentation/colour_jitter.h"

#include <algorithm>
#include <array>

namespace heed {

namespace {

float clamped(float value) {
    return std::min(std::max(value, 0.0F), 255.0F);
}

uint8_t rounded(float value) {
    return static_cast<uint8_t>(value + 0.5F);
}

/// Mean grey of the image after each byte went through `table`. Sums of bytes are exact in double.
float mean_grey(std::span<const uint8_t> pixels, const ImageShape& shape, const std::array<float, 256>& table) {
    const auto plane = static_cast<std::size_t>(shape.height * shape.width);
    const double even = 1.0 / static_cast<double>(shape.channels);
    const std::array<double, 3> luma = {0.299, 0.587, 0.114};
    double grey = 0;
    for (std::size_t channel = 0; channel * plane < pixels.size(); ++channel) {
        double sum = 0;
        for (const uint8_t pixel : pixels.subspan(channel * plane, plane)) sum += static_cast<double>(table[pixel]);
        grey += sum * (shape.channels == 3 ? luma[channel] : even);
    }
    return static_cast<float>(grey / static_cast<double>(plane));
}

}  // namespace

void jitter_colours(std::span<uint8_t> pixels, const ImageShape& shape, const ColourFactors& factors) {
    std::array<float, 256> table;
    for (int byte = 0; byte < 256; ++byte) {
        table[static_cast<std::size_t>(byte)] = clamped(static_cast<float>(byte) * factors.brightness);
    }
    const float grey = mean_grey(pixels, shape, table);
    for (float& value : table) value = clamped(factors.contrast * (value - grey) + grey);
    if (shape.channels != 3) {
        for (uint8_t& pixel : pixels) pixel = rounded(table[pixel]);
        return;
    }
    const auto plane = static_cast<std::size_t>(shape.height * shape.width);
    for (std::size_t i = 0; i < plane; ++i) {
        const float red = table[pixels[i]], green = table[pixels[plane + i]], blue = table[pixels[2 * plane + i]];
        const float own = 0.299F * red + 0.587F * green + 0.114F * blue;
        pixels[i] = rounded(clamped(factors.saturation * (red - own) + own));
        pixels[plane + i] = rounded(clamped(factors.saturation * (green - own) + own));
        pixels[2 * plane + i] = rounded(clamped(factors.saturation * (blue - own) + own));
    }
}

}  // namespace heed
