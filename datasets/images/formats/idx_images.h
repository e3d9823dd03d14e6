#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "heed/datasets/images/image_source.h"

namespace heed {

/// Reads a pair of idx files: images `[n, height, width]` and labels `[n]`. UserError, naming file, expected and found,
/// where a file is damaged, the two differ in number, or a label is not below the number of class names.
std::shared_ptr<const ImageSource> open_idx_images(const std::filesystem::path& images,
                                                   const std::filesystem::path& labels,
                                                   std::vector<std::string> class_names);

}  // namespace heed
