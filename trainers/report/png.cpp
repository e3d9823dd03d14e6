#include "heed/trainers/report/png.h"

#include <png.h>

#include <string>

#include "heed/core/error.h"

namespace heed {

std::vector<uint8_t> encode_png(int64_t width, int64_t height, int64_t channels, std::span<const uint8_t> pixels) {
    constexpr int64_t largest = 1 << 15;  // keeps all sizes below within the 32 bits of libpng
    if (width < 1 || height < 1 || width > largest || height > largest || (channels != 1 && channels != 3) ||
        static_cast<int64_t>(pixels.size()) != width * height * channels) {
        throw Error("cannot encode a PNG of " + std::to_string(width) + "x" + std::to_string(height) + " pixels and " +
                    std::to_string(channels) + " channels from " + std::to_string(pixels.size()) + " bytes");
    }
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(width);
    image.height = static_cast<png_uint_32>(height);
    image.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;

    png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    std::vector<uint8_t> file(bytes);
    if (png_image_write_to_memory(&image, file.data(), &bytes, 0, pixels.data(), 0, nullptr) == 0) {
        const std::string reason = image.message;
        png_image_free(&image);
        throw Error("cannot encode a PNG: " + reason);
    }
    file.resize(bytes);
    return file;
}

}  // namespace heed
