#include "heed/trainers/report/pictures/picture.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "heed/trainers/report/pictures/png.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr int64_t largest_side = 64;
constexpr int heat_steps = 32;

std::string data_url(const std::vector<uint8_t>& png) {
    return "data:image/png;base64," + base64(png);
}

/// From almost black over purple and orange to a light yellow: lightness grows evenly, so that colour-blind readers and
/// grey print keep the order.
std::array<uint8_t, 3> heat_colour(double heat) {
    constexpr std::array<std::array<double, 3>, 9> stops = {{{0, 0, 4},
                                                             {31, 12, 72},
                                                             {85, 15, 109},
                                                             {136, 34, 106},
                                                             {186, 54, 85},
                                                             {227, 89, 51},
                                                             {249, 140, 10},
                                                             {249, 201, 50},
                                                             {252, 255, 164}}};
    const double place = heat * static_cast<double>(stops.size() - 1);
    const size_t stop = std::min(static_cast<size_t>(place), stops.size() - 2);
    const double share = place - static_cast<double>(stop);
    std::array<uint8_t, 3> colour{};
    for (size_t i = 0; i < 3; ++i) {
        colour[i] = static_cast<uint8_t>(std::lround(stops[stop][i] + share * (stops[stop + 1][i] - stops[stop][i])));
    }
    return colour;
}

/// Entry 0 stands for zero, the others for equal parts of the range.
std::vector<PaletteColour> heat_palette(HeatStyle style) {
    std::vector<PaletteColour> palette;
    for (int step = 0; step <= heat_steps; ++step) {
        if (style == HeatStyle::ink) {
            palette.push_back({58, 125, 200, static_cast<uint8_t>(255 * step / heat_steps)});
            continue;
        }
        const auto [red, green, blue] = heat_colour(static_cast<double>(step) / heat_steps);
        uint8_t alpha = 190;
        if (style == HeatStyle::matrix) alpha = step == 0 ? 0 : 255;
        palette.push_back({red, green, blue, alpha});
    }
    return palette;
}

}  // namespace

Picture make_picture(std::span<const uint8_t> planes, const ImageShape& shape) {
    const int64_t square = (std::max(shape.width, shape.height) + largest_side - 1) / largest_side;
    const int64_t channels = shape.channels >= 3 ? 3 : 1;
    const int64_t width = std::max<int64_t>(1, shape.width / square);
    const int64_t height = std::max<int64_t>(1, shape.height / square);
    std::vector<uint8_t> pixels(static_cast<size_t>(width * height * channels));
    for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
            for (int64_t channel = 0; channel < channels; ++channel) {
                int64_t sum = 0, count = 0;
                for (int64_t row = y * square; row < std::min((y + 1) * square, shape.height); ++row) {
                    for (int64_t column = x * square; column < std::min((x + 1) * square, shape.width); ++column) {
                        sum += planes[static_cast<size_t>((channel * shape.height + row) * shape.width + column)];
                        ++count;
                    }
                }
                pixels[static_cast<size_t>((y * width + x) * channels + channel)] =
                    static_cast<uint8_t>((sum + count / 2) / count);
            }
        }
    }
    return {data_url(encode_png(width, height, channels, pixels)), width, height};
}

std::string heat_map(std::span<const float> values, int64_t width, float most, HeatStyle style) {
    std::vector<uint8_t> pixels;
    pixels.reserve(values.size());
    for (const float value : values) {
        if (!(value > 0.0f)) {
            pixels.push_back(0);
            continue;
        }
        double heat = most > 0.0f ? std::min(1.0, static_cast<double>(value) / static_cast<double>(most)) : 0.0;
        if (style == HeatStyle::matrix) heat = std::sqrt(heat);
        pixels.push_back(static_cast<uint8_t>(std::max(1.0, std::ceil(heat * heat_steps))));
    }
    const auto height = static_cast<int64_t>(values.size()) / std::max<int64_t>(1, width);
    return data_url(encode_palette_png(width, height, heat_palette(style), pixels));
}

}  // namespace heed
