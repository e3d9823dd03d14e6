#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "heed/datasets/images/image_source.h"
#include "heed/tests/support/idx_files.h"

namespace heed::test {

/// How `jpeg_bytes` writes.
struct JpegSettings {
    int quality = 95;
    bool progressive = false;
    bool most_scans = false;   ///< progressive, a scan for each bit of each number of a block: 694 of a grey image
    int exif_orientation = 0;  ///< 0: no EXIF data
    bool big_endian_exif = false;
};

/// A JPEG file without subsampling of interleaved pixels [H, W, C], C = 1 (grey), 3 (red, green, blue) or 4 (CMYK as
/// Adobe stores it, inverted).
Bytes jpeg_bytes(const ImageShape& shape, const Bytes& pixels, const JpegSettings& settings = {});

/// A PNG file of interleaved pixels [H, W, C], C = 1, 2 (grey, alpha), 3 or 4 (colours, alpha).
Bytes png_bytes(const ImageShape& shape, const Bytes& pixels);

/// A smooth picture, interleaved, that differs from corner to corner and with `number`.
Bytes smooth_pixels(const ImageShape& shape, int64_t number);

/// Writes `count` JPEG images of that size as folder/0.jpg, ..., which is made where it is missing.
void write_jpegs(const std::filesystem::path& folder, int64_t count, const ImageShape& shape, int64_t first_number);

}  // namespace heed::test
