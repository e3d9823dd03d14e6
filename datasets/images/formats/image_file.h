#pragma once

#include <filesystem>
#include <span>

#include "heed/datasets/images/image_source.h"

namespace heed {

/// No image file may declare more pixels (8192 x 8192); it is refused before memory is taken.
constexpr int64_t most_image_file_pixels = int64_t{1} << 26;

/// Whether the file begins as a file of a known image format does, be it PNG, JPEG or one that is not read. UserError
/// where it cannot be read.
bool is_image_file(const std::filesystem::path& file);

/// Reads a PNG or JPEG file of any size (its content decides which) as bytes [C, H, W] of `shape` (1 channel: grey, 3:
/// red, green, blue): of the shorter side's length resized with an antialiased bilinear filter, and the middle cut out;
/// or, with `crop`, that part of the image resized. The pixels are those that Pillow reads: grey of colours is their
/// luma, transparent pixels lie on white (`Image.alpha_composite`), no stated gamma or colour profile is followed, and
/// images are turned as their EXIF data says. UserError, naming the file, where it cannot be read, is another format,
/// is damaged or cut short, or has too many pixels.
void read_image_file(const std::filesystem::path& file, const ImageShape& shape, const RandomCrop* crop,
                     std::span<uint8_t> pixels);

}  // namespace heed
