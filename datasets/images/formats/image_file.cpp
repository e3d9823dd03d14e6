#include "heed/datasets/images/formats/image_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/images/formats/image_resize.h"
#include "heed/datasets/images/formats/jpeg_decoder.h"
#include "heed/datasets/images/formats/png_decoder.h"

namespace heed {

namespace {

constexpr uint64_t most_image_file_bytes = uint64_t{1} << 28;
constexpr std::array<uint8_t, 8> png_mark = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr std::array<uint8_t, 3> jpeg_mark = {0xff, 0xd8, 0xff};

template <std::size_t n>
bool starts_with(std::span<const uint8_t> bytes, const std::array<uint8_t, n>& mark) {
    return bytes.size() >= n && std::equal(mark.begin(), mark.end(), bytes.begin());
}

/// The first `most` bytes of a file, or all of it.
std::vector<uint8_t> read_start(const std::filesystem::path& file, uint64_t most) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
        throw UserError(fmt::format("cannot read {}: it is not a regular file", file.string()));
    }
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    const uint64_t size = stream ? std::filesystem::file_size(file, error) : 0;
    if (!stream || error) {
        throw UserError(
            fmt::format("cannot read {}: {}", file.string(), error ? error.message() : std::strerror(errno)));
    }
    std::vector<uint8_t> bytes(static_cast<std::size_t>(std::min(size, most)));
    stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (stream.bad()) throw Error(fmt::format("reading {} failed: {}", file.string(), std::strerror(errno)));
    bytes.resize(static_cast<std::size_t>(stream.gcount()));
    return bytes;
}

void check_size(const std::filesystem::path& file, int64_t height, int64_t width) {
    if (height <= most_image_file_pixels / std::max<int64_t>(1, width)) return;
    throw UserError(fmt::format("cannot read the image {}: expected at most {} pixels, got {} x {}", file.string(),
                                most_image_file_pixels, width, height));
}

ImageBox wanted_box(int64_t height, int64_t width, const ImageShape& shape, const RandomCrop* crop) {
    return crop != nullptr ? crop_box(height, width, *crop) : centre_box(height, width, shape);
}

void read_jpeg(const std::filesystem::path& file, std::span<const uint8_t> bytes, const ImageShape& shape,
               const RandomCrop* crop, std::span<uint8_t> pixels) {
    JpegDecoder decoder(bytes, file.string());
    check_size(file, decoder.height(), decoder.width());
    const ImageBox box = wanted_box(decoder.height(), decoder.width(), shape, crop);
    // A reduction while decoding costs nothing and loses nothing as long as there are more pixels than wanted.
    int64_t reduction = 8;
    while (reduction > 1 && (box.height < static_cast<double>(reduction * shape.height) ||
                             box.width < static_cast<double>(reduction * shape.width))) {
        reduction /= 2;
    }
    const PixelView view = decoder.decode(shape.channels, reduction);
    const auto scale = 1 / static_cast<double>(reduction);
    resize_image(view, {box.top * scale, box.left * scale, box.height * scale, box.width * scale}, shape, pixels);
}

void read_png_image(const std::filesystem::path& file, std::span<const uint8_t> bytes, const ImageShape& shape,
                    const RandomCrop* crop, std::span<uint8_t> pixels) {
    PngDecoder decoder(bytes, file.string());
    check_size(file, decoder.height(), decoder.width());
    const ImageBox box = wanted_box(decoder.height(), decoder.width(), shape, crop);
    resize_image(decoder.decode(shape.channels), box, shape, pixels);
}

/// What a file of another format is by its first bytes, or "".
std::string_view other_format(std::span<const uint8_t> bytes) {
    const std::string_view start(reinterpret_cast<const char*>(bytes.data()), std::min<std::size_t>(bytes.size(), 16));
    const auto box = start.size() >= 12 && start.substr(4, 4) == "ftyp" ? start.substr(8, 4) : "";
    if (start.starts_with("GIF87a") || start.starts_with("GIF89a")) return "a GIF image";
    if (start.starts_with("RIFF") && start.size() >= 12 && start.substr(8, 4) == "WEBP") return "a WebP image";
    if (start.starts_with("BM")) return "a BMP image";
    if (start.starts_with({"II\x2a\0", 4}) || start.starts_with({"MM\0\x2a", 4})) return "a TIFF image";
    if (box == "heic" || box == "heix" || box == "hevc" || box == "mif1" || box == "msf1") return "a HEIC image";
    if (box == "avif" || box == "avis") return "an AVIF image";
    if (start.starts_with({"\0\0\1\0", 4})) return "an ICO image";
    if (start.starts_with("8BPS")) return "a Photoshop file";
    if (start.starts_with({"\xff\x0a", 2}) || start.starts_with({"\0\0\0\x0cJXL ", 8})) return "a JPEG XL image";
    if (start.starts_with({"\0\0\0\x0cjP  ", 8})) return "a JPEG 2000 image";
    if (start.starts_with("<svg") || start.starts_with("<?xml")) return "an SVG or XML file";
    return "";
}

}  // namespace

bool is_image_file(const std::filesystem::path& file) {
    const std::vector<uint8_t> start = read_start(file, 16);
    return starts_with(start, png_mark) || starts_with(start, jpeg_mark) || !other_format(start).empty();
}

void read_image_file(const std::filesystem::path& file, const ImageShape& shape, const RandomCrop* crop,
                     std::span<uint8_t> pixels) {
    if (shape.channels != 1 && shape.channels != 3) {
        throw UserError(fmt::format("{} can be read as an image of 1 or 3 channels, but {} are wanted", file.string(),
                                    shape.channels));
    }
    const std::vector<uint8_t> bytes = read_start(file, most_image_file_bytes + 1);
    if (bytes.size() > most_image_file_bytes) {
        throw UserError(fmt::format("cannot read the image {}: expected at most {} bytes, got more", file.string(),
                                    most_image_file_bytes));
    }
    if (starts_with(bytes, png_mark)) {
        read_png_image(file, bytes, shape, crop, pixels);
    } else if (starts_with(bytes, jpeg_mark)) {
        read_jpeg(file, bytes, shape, crop, pixels);
    } else {
        const std::string_view other = other_format(bytes);
        throw UserError(fmt::format("expected a PNG or JPEG image in {}, found {}", file.string(),
                                    bytes.empty()   ? "an empty file"
                                    : other.empty() ? "something else"
                                                    : other));
    }
}

}  // namespace heed
