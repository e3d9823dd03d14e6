#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "heed/datasets/image_source.h"

namespace heed {

/// Whether the file begins as a PNG file does. UserError where it cannot be read.
bool is_png(const std::filesystem::path& file);

/// Reads a PNG file as bytes [C, H, W] of the wanted shape (1 channel: grey, 3: red, green, blue). Colours are turned
/// into grey and grey into colours; what is transparent becomes black. UserError where the file cannot be read, is
/// damaged, or has another height or width, which is found out before memory is taken.
std::vector<uint8_t> read_png(const std::filesystem::path& file, const ImageShape& shape);

}  // namespace heed
