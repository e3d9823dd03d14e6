#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "heed/datasets/images/image_data.h"

namespace heed {

/// 64 bits that equal bytes have in common and others do not, but for chance.
uint64_t byte_key(std::span<const uint8_t> bytes);

/// The same of a file: of its size and all its bytes, or, where it has more than 16 KiB, of 4 KiB each at its start,
/// its middle and its end, so that a folder of any size is looked through fast. UserError where it cannot be read.
uint64_t file_key(const std::filesystem::path& file);

/// Keys of the images of a split, in its order.
std::vector<uint64_t> content_keys(const ImageSplit& split);

/// A checksum of the images, labels and file names of a split in their order: the SHA-256 in hexadecimal digits.
std::string fingerprint(const ImageSplit& split);

}  // namespace heed
