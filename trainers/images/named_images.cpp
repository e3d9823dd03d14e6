#include "heed/trainers/images/named_images.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/datasets/images/formats/idx.h"
#include "heed/datasets/images/formats/image_file.h"
#include "heed/datasets/images/formats/image_folder_scan.h"

namespace heed {

namespace {

std::vector<NamedImage> read_idx_images(const std::string& file, const ImageShape& shape) {
    IdxArray array = read_idx(file, 3);
    if (shape.channels != 1 || array.shape[1] != shape.height || array.shape[2] != shape.width) {
        throw UserError(fmt::format("{} expects images of {}, got {}", file, to_string(shape),
                                    to_string(ImageShape{1, array.shape[1], array.shape[2]})));
    }
    std::vector<NamedImage> images;
    const auto pixels = static_cast<std::ptrdiff_t>(shape.pixels());
    for (int64_t i = 0; i < array.shape[0]; i++) {
        const auto first = array.values.begin() + i * pixels;
        images.push_back({file, i, -1, {first, first + pixels}});
    }
    return images;
}

/// The image files of a folder and its subfolders. Says on standard error what else lies there.
std::vector<NamedImage> images_in(const std::string& folder, const std::vector<std::string>& classes) {
    const FoundImages found = find_images(folder);
    if (!found.left_out.empty()) {
        fmt::print(stderr, "heed: left out of {}, as they are no files .png, .jpg or .jpeg: {}\n", folder,
                   listed(found.left_out));
    }
    std::vector<NamedImage> images;
    for (const std::string& file : found.files) {
        const auto name = std::find(classes.begin(), classes.end(), file.substr(0, file.find('/')));
        const bool is_in_class = file.find('/') != std::string::npos && name != classes.end();
        images.push_back({(std::filesystem::path(folder) / file).string(),
                          -1,
                          is_in_class ? static_cast<int32_t>(name - classes.begin()) : -1,
                          {}});
    }
    return images;
}

std::vector<NamedImage> images_of(const std::string& file, const ImageDataFacts& facts) {
    std::error_code ignored;
    if (std::filesystem::is_directory(file, ignored)) return images_in(file, facts.class_names);
    if (is_image_file(file)) return {{file, -1, -1, {}}};
    try {
        return read_idx_images(file, facts.shape);
    } catch (const UserError& error) {
        throw UserError(fmt::format("{} (expected a PNG file, a JPEG file or an idx file of images)", error.what()));
    }
}

}  // namespace

std::string NamedImage::name() const {
    return number < 0 ? file : fmt::format("{}#{}", file, number);
}

std::vector<uint8_t> NamedImage::take_pixels(const ImageShape& shape) {
    if (pixels.empty()) {
        pixels.resize(static_cast<size_t>(shape.pixels()));
        read_image_file(file, shape, nullptr, pixels);
    }
    return std::exchange(pixels, {});
}

std::vector<NamedImage> find_named_images(const std::vector<std::string>& files, const ImageDataFacts& facts) {
    std::vector<NamedImage> images;
    for (const std::string& file : files) {
        for (NamedImage& image : images_of(file, facts)) images.push_back(std::move(image));
    }
    return images;
}

}  // namespace heed
