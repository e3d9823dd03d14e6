#include "heed/datasets/images/formats/image_resize.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace heed {

namespace {

/// The source pixels that make one target pixel, and their weights.
struct Taps {
    int64_t first = 0;
    std::size_t weights = 0;  ///< position of the first weight
    int64_t count = 0;
};

struct Filter {
    std::vector<Taps> taps;
    std::vector<float> weights;
};

/// A triangle as wide as two target pixels, or two source pixels where the image grows.
Filter triangle_filter(double start, double length, int64_t source, int64_t target) {
    const double scale = length / static_cast<double>(target);
    const double support = std::max(scale, 1.0);
    Filter filter;
    for (int64_t i = 0; i < target; ++i) {
        const double centre = start + (static_cast<double>(i) + 0.5) * scale;
        const auto begin = std::clamp(static_cast<int64_t>(std::floor(centre - support)), int64_t{0}, source - 1);
        const auto end = std::clamp(static_cast<int64_t>(std::ceil(centre + support)), begin + 1, source);
        Taps taps{begin, filter.weights.size(), end - begin};
        double sum = 0;
        for (int64_t j = begin; j < end; ++j) {
            const double distance = std::abs(static_cast<double>(j) + 0.5 - centre) / support;
            filter.weights.push_back(static_cast<float>(std::max(0.0, 1 - distance)));
            sum += static_cast<double>(filter.weights.back());
        }
        for (std::size_t j = taps.weights; j < filter.weights.size(); ++j) {
            filter.weights[j] = static_cast<float>(static_cast<double>(filter.weights[j]) / sum);
        }
        filter.taps.push_back(taps);
    }
    return filter;
}

uint8_t to_byte(float value) {
    return static_cast<uint8_t>(std::clamp(value + 0.5F, 0.0F, 255.0F));
}

}  // namespace

PixelView PixelView::planes(const uint8_t* data, const ImageShape& shape) {
    return {data, shape.height, shape.width, shape.height * shape.width, shape.width, 1};
}

PixelView PixelView::interleaved(const uint8_t* data, const ImageShape& shape) {
    return {data, shape.height, shape.width, 1, shape.width * shape.channels, shape.channels};
}

void resize_image(const PixelView& from, const ImageBox& box, const ImageShape& shape, std::span<uint8_t> to) {
    const Filter across = triangle_filter(box.left, box.width, from.width, shape.width);
    const Filter down = triangle_filter(box.top, box.height, from.height, shape.height);
    const int64_t first_row = down.taps.front().first;
    const int64_t rows = down.taps.back().first + down.taps.back().count - first_row;
    std::vector<float> narrow(static_cast<std::size_t>(rows * shape.width));
    std::vector<float> sums(static_cast<std::size_t>(shape.width));
    for (int64_t channel = 0; channel < shape.channels; ++channel) {
        const uint8_t* source = from.data + channel * from.channel_stride + first_row * from.row_stride;
        for (int64_t y = 0; y < rows; ++y) {
            const uint8_t* row = source + y * from.row_stride;
            float* target = narrow.data() + y * shape.width;
            for (const Taps& taps : across.taps) {
                const float* weights = across.weights.data() + taps.weights;
                const uint8_t* pixel = row + taps.first * from.pixel_stride;
                float sum = 0;
                for (int64_t j = 0; j < taps.count; ++j) {
                    sum += weights[j] * static_cast<float>(pixel[j * from.pixel_stride]);
                }
                *target++ = sum;
            }
        }
        uint8_t* target = to.data() + channel * shape.height * shape.width;
        for (const Taps& taps : down.taps) {
            std::fill(sums.begin(), sums.end(), 0.0F);
            for (int64_t j = 0; j < taps.count; ++j) {
                const float weight = down.weights[taps.weights + static_cast<std::size_t>(j)];
                const float* row = narrow.data() + (taps.first - first_row + j) * shape.width;
                for (int64_t x = 0; x < shape.width; ++x) sums[static_cast<std::size_t>(x)] += weight * row[x];
            }
            for (const float sum : sums) *target++ = to_byte(sum);
        }
    }
}

ImageBox centre_box(int64_t height, int64_t width, const ImageShape& shape) {
    const double scale = std::min(static_cast<double>(height) / static_cast<double>(shape.height),
                                  static_cast<double>(width) / static_cast<double>(shape.width));
    ImageBox box;
    box.height = scale * static_cast<double>(shape.height);
    box.width = scale * static_cast<double>(shape.width);
    box.top = (static_cast<double>(height) - box.height) / 2;
    box.left = (static_cast<double>(width) - box.width) / 2;
    return box;
}

ImageBox crop_box(int64_t height, int64_t width, const RandomCrop& crop) {
    const double area = static_cast<double>(crop.area) * static_cast<double>(height) * static_cast<double>(width);
    ImageBox box;
    box.height = std::clamp(std::sqrt(area / static_cast<double>(crop.ratio)), 1.0, static_cast<double>(height));
    box.width = std::clamp(std::sqrt(area * static_cast<double>(crop.ratio)), 1.0, static_cast<double>(width));
    box.top = static_cast<double>(crop.y) * (static_cast<double>(height) - box.height);
    box.left = static_cast<double>(crop.x) * (static_cast<double>(width) - box.width);
    return box;
}

}  // namespace heed
