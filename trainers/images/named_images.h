#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/trainers/images/image_facts.h"

namespace heed {

/// An image as a user knows it: its file and, in a file of many, its number.
struct NamedImage {
    std::string file;
    int64_t number = -1;
    int32_t label = -1;           ///< the class whose name its folder has; -1: none
    std::vector<uint8_t> pixels;  ///< of an image file, read when its turn comes

    std::string name() const;
    /// Its bytes, [channels, height, width], which it then holds no longer. Throws UserError where the file cannot be
    /// read.
    std::vector<uint8_t> take_pixels(const ImageShape& shape);
};

/// The images that files, folders and idx files hold, in order. Says on standard error what else lies in the folders.
/// Throws UserError where a file is not what the model expects.
std::vector<NamedImage> find_named_images(const std::vector<std::string>& files, const ImageDataFacts& facts);

}  // namespace heed
