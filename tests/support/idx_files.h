#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace heed::test {

using Bytes = std::vector<uint8_t>;

/// The bytes of an idx file of unsigned bytes; `shape` is only written into the header, so it may disagree with
/// `values`.
Bytes idx_bytes(const std::vector<uint32_t>& shape, const Bytes& values);

/// `bytes` as a gzip file.
Bytes gzip_bytes(const Bytes& bytes);

void write_bytes(const std::filesystem::path& file, const Bytes& bytes);

/// A tiny data set that a model can learn: image i has class i % classes, shown by a bright stripe whose place depends
/// on the class, in weak noise.
struct TinyImages {
    int64_t train = 40;
    int64_t test = 20;
    int64_t height = 28;
    int64_t width = 28;
    int64_t classes = 10;
    bool gzip = false;
};

/// Byte (row, column) of image `index` of such a data set.
uint8_t tiny_pixel(const TinyImages& images, int64_t index, int64_t row, int64_t column);

/// Writes the four idx files into `folder` (made where it is missing) under the names of MNIST. Test image i is made
/// like training image `train + i`.
void write_tiny_images(const std::filesystem::path& folder, const TinyImages& images);

}  // namespace heed::test
