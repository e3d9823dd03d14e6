#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "heed/datasets/images/image_source.h"

namespace heed {

/// The binary format of CIFAR: records of `label_bytes` labels and 3072 bytes, the red, green and blue plane of an
/// image of 32x32 pixels.
struct CifarFormat {
    int64_t label_bytes = 1;
    int64_t label = 0;  ///< which of them counts
    std::vector<std::string> class_names;

    int64_t record_bytes() const { return label_bytes + 3 * 32 * 32; }
};

/// Reads the records of `files` (plain, gzip or xz), one file after the other, into memory. Each has exactly `records`
/// records, or any number from 1 on where `records` is 0. UserError, naming file, expected and found, where a file is
/// missing, damaged, shorter or longer, or a label is out of range.
std::shared_ptr<const ImageSource> open_cifar_images(const CifarFormat& format,
                                                     const std::vector<std::filesystem::path>& files, int64_t records);

}  // namespace heed
