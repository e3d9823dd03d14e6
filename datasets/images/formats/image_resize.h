#pragma once

#include <cstdint>
#include <span>

#include "heed/datasets/images/image_source.h"

namespace heed {

/// Bytes of an image in memory, of any order: value (channel, y, x) lies at
/// data[channel * channel_stride + y * row_stride + x * pixel_stride].
struct PixelView {
    const uint8_t* data = nullptr;
    int64_t height = 0;
    int64_t width = 0;
    int64_t channel_stride = 0;
    int64_t row_stride = 0;
    int64_t pixel_stride = 1;

    /// Of bytes [C, H, W].
    static PixelView planes(const uint8_t* data, const ImageShape& shape);
    /// Of bytes [H, W, C].
    static PixelView interleaved(const uint8_t* data, const ImageShape& shape);
};

/// A rectangle of an image in pixels; edges may lie between pixels.
struct ImageBox {
    double top = 0;
    double left = 0;
    double height = 0;
    double width = 0;
};

/// Resizes the part `box` of an image to bytes `to` = [C, H, W] by a bilinear filter that grows with the reduction, so
/// that every pixel counts when an image is made smaller.
void resize_image(const PixelView& from, const ImageBox& box, const ImageShape& shape, std::span<uint8_t> to);

/// The largest rectangle in the middle of an image that has the proportions of `shape`: resizing it is resizing the
/// shorter side and cutting the longer one equally at both ends.
ImageBox centre_box(int64_t height, int64_t width, const ImageShape& shape);

/// The rectangle of a random resized crop: `crop.area` of the image with the ratio `crop.ratio` of width to height, cut
/// to what fits, at the place that `crop.x` and `crop.y` say.
ImageBox crop_box(int64_t height, int64_t width, const RandomCrop& crop);

}  // namespace heed
