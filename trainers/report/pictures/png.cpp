#include "heed/trainers/report/pictures/png.h"

#include <png.h>

#include <algorithm>
#include <string>

#include "heed/core/error.h"

namespace heed {

namespace {

void check_sizes(int64_t width, int64_t height, int64_t channels, size_t bytes) {
    constexpr int64_t largest = 1 << 15;  // keeps all sizes within the 32 bits of libpng
    if (width < 1 || height < 1 || width > largest || height > largest || (channels != 1 && channels != 3) ||
        static_cast<int64_t>(bytes) != width * height * channels) {
        throw Error("cannot encode a PNG of " + std::to_string(width) + "x" + std::to_string(height) + " pixels and " +
                    std::to_string(channels) + " channels from " + std::to_string(bytes) + " bytes");
    }
}

std::vector<uint8_t> encode(png_image& image, std::span<const uint8_t> pixels, const uint8_t* palette) {
    png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    std::vector<uint8_t> file(bytes);
    if (png_image_write_to_memory(&image, file.data(), &bytes, 0, pixels.data(), 0, palette) == 0) {
        const std::string reason = image.message;
        png_image_free(&image);
        throw Error("cannot encode a PNG: " + reason);
    }
    file.resize(bytes);
    return file;
}

png_image header(int64_t width, int64_t height, png_uint_32 format) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(width);
    image.height = static_cast<png_uint_32>(height);
    image.format = format;
    return image;
}

}  // namespace

std::vector<uint8_t> encode_png(int64_t width, int64_t height, int64_t channels, std::span<const uint8_t> pixels) {
    check_sizes(width, height, channels, pixels.size());
    png_image image = header(width, height, channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB);
    return encode(image, pixels, nullptr);
}

std::vector<uint8_t> encode_palette_png(int64_t width, int64_t height, std::span<const PaletteColour> palette,
                                        std::span<const uint8_t> pixels) {
    check_sizes(width, height, 1, pixels.size());
    const auto outside = [&](uint8_t pixel) { return pixel >= palette.size(); };
    if (palette.size() > 256 || std::any_of(pixels.begin(), pixels.end(), outside)) {
        throw Error("cannot encode a PNG with a palette of " + std::to_string(palette.size()) +
                    " colours: a pixel lies outside of it, or there are more than 256");
    }
    std::vector<uint8_t> colours;
    for (const PaletteColour& colour : palette) {
        colours.insert(colours.end(), {colour.red, colour.green, colour.blue, colour.alpha});
    }
    png_image image = header(width, height, PNG_FORMAT_RGBA_COLORMAP);
    image.colormap_entries = static_cast<png_uint_32>(palette.size());
    return encode(image, pixels, colours.data());
}

}  // namespace heed
