#include "heed/datasets/png_image.h"

#include <fmt/core.h>
#include <png.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "heed/core/error.h"

namespace heed {
namespace {

/// libpng's simple interface, which reports errors without longjmp.
class PngReader {
public:
    explicit PngReader(const std::filesystem::path& file) : name_(file.string()) {
        image_.version = PNG_IMAGE_VERSION;
        if (!png_image_begin_read_from_file(&image_, name_.c_str())) fail();
        image_.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // 16 bits without a stated gamma mean what 8 bits mean
    }
    ~PngReader() { png_image_free(&image_); }
    PngReader(const PngReader&) = delete;
    PngReader& operator=(const PngReader&) = delete;

    void expect_size(const ImageShape& shape) const {
        if (image_.height == shape.height && image_.width == shape.width) return;
        throw UserError(fmt::format("{} expects {}x{} pixels (height x width), got {}x{}", name_, shape.height,
                                    shape.width, image_.height, image_.width));
    }

    /// Pixel after pixel, [H, W, C].
    std::vector<uint8_t> read(int64_t channels) {
        image_.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
        const png_color black = {0, 0, 0};
        std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(image_));
        if (!png_image_finish_read(&image_, &black, pixels.data(), 0, nullptr)) fail();
        return pixels;
    }

private:
    [[noreturn]] void fail() const {
        throw UserError(fmt::format("cannot read the image {}: {}", name_, image_.message));
    }

    std::string name_;
    png_image image_ = {};
};

}  // namespace

bool is_png(const std::filesystem::path& file) {
    constexpr std::array<char, 8> signature = {'\x89', 'P', 'N', 'G', '\r', '\n', '\x1a', '\n'};
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored) && !std::filesystem::is_regular_file(file, ignored)) {
        throw UserError(fmt::format("cannot read {}: it is not a regular file", file.string()));
    }
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw UserError(fmt::format("cannot read {}: {}", file.string(), std::strerror(errno)));
    std::array<char, 8> start = {};
    stream.read(start.data(), start.size());
    return stream.gcount() == static_cast<std::streamsize>(start.size()) && start == signature;
}

std::vector<uint8_t> read_png(const std::filesystem::path& file, const ImageShape& shape) {
    if (shape.channels != 1 && shape.channels != 3) {
        throw UserError(fmt::format("{} can be read as an image of 1 or 3 channels, but {} are wanted", file.string(),
                                    shape.channels));
    }
    PngReader reader(file);
    reader.expect_size(shape);
    const std::vector<uint8_t> interleaved = reader.read(shape.channels);
    if (shape.channels == 1) return interleaved;
    const size_t plane = static_cast<size_t>(shape.height * shape.width);
    std::vector<uint8_t> planes(interleaved.size());
    for (size_t i = 0; i < plane; i++) {
        for (size_t channel = 0; channel < 3; channel++) planes[channel * plane + i] = interleaved[3 * i + channel];
    }
    return planes;
}

}  // namespace heed
