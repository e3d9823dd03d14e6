#include "heed/tests/datasets/images/image_files.h"

#include <png.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

// jpeglib.h needs size_t and FILE.
#include <jpeglib.h>

namespace heed::test {

namespace {

void put(Bytes& bytes, uint32_t value, int count, bool big_endian) {
    for (int i = 0; i < count; ++i) {
        bytes.push_back(static_cast<uint8_t>(value >> 8 * (big_endian ? count - 1 - i : i)));
    }
}

/// APP1 data with two entries, of which the second is the orientation.
Bytes exif_segment(int orientation, bool big_endian) {
    Bytes bytes = {'E', 'x', 'i', 'f', 0, 0};
    for (int i = 0; i < 2; ++i) bytes.push_back(big_endian ? 'M' : 'I');
    put(bytes, 42, 2, big_endian);
    put(bytes, 8, 4, big_endian);
    put(bytes, 2, 2, big_endian);
    for (const uint32_t tag : {0x0100U, 0x0112U}) {
        put(bytes, tag, 2, big_endian);
        put(bytes, 3, 2, big_endian);
        put(bytes, 1, 4, big_endian);
        put(bytes, tag == 0x0112U ? static_cast<uint32_t>(orientation) : 640U, 2, big_endian);
        put(bytes, 0, 2, big_endian);
    }
    put(bytes, 0, 4, big_endian);
    return bytes;
}

}  // namespace

Bytes jpeg_bytes(const ImageShape& shape, const Bytes& pixels, const JpegSettings& settings) {
    jpeg_compress_struct jpeg{};
    jpeg_error_mgr errors{};
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    unsigned char* data = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&jpeg, &data, &size);
    jpeg.image_height = static_cast<JDIMENSION>(shape.height);
    jpeg.image_width = static_cast<JDIMENSION>(shape.width);
    jpeg.input_components = static_cast<int>(shape.channels);
    jpeg.in_color_space = shape.channels == 1 ? JCS_GRAYSCALE : shape.channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, settings.quality, TRUE);
    for (int i = 0; i < jpeg.num_components; ++i) {
        jpeg.comp_info[i].h_samp_factor = 1;
        jpeg.comp_info[i].v_samp_factor = 1;
    }
    if (settings.progressive) jpeg_simple_progression(&jpeg);
    std::vector<jpeg_scan_info> scans;
    if (settings.most_scans) {
        scans.push_back({1, {0}, 0, 0, 0, 0});
        for (int place = 1; place < 64; ++place) {
            for (int bit = 10; bit >= 0; --bit) scans.push_back({1, {0}, place, place, bit == 10 ? 0 : bit + 1, bit});
        }
        jpeg.scan_info = scans.data();
        jpeg.num_scans = static_cast<int>(scans.size());
    }
    jpeg_start_compress(&jpeg, TRUE);
    if (settings.exif_orientation > 0) {
        const Bytes exif = exif_segment(settings.exif_orientation, settings.big_endian_exif);
        jpeg_write_marker(&jpeg, JPEG_APP0 + 1, exif.data(), static_cast<unsigned int>(exif.size()));
    }
    while (jpeg.next_scanline < jpeg.image_height) {
        auto* row = const_cast<JSAMPROW>(pixels.data()) +
                    static_cast<int64_t>(jpeg.next_scanline) * shape.width * shape.channels;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    Bytes bytes(data, data + size);
    std::free(data);
    return bytes;
}

Bytes png_bytes(const ImageShape& shape, const Bytes& pixels) {
    constexpr png_uint_32 formats[] = {0, PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB, PNG_FORMAT_RGBA};
    png_image image = {};
    image.version = PNG_IMAGE_VERSION;
    image.format = formats[shape.channels];
    image.height = static_cast<png_uint_32>(shape.height);
    image.width = static_cast<png_uint_32>(shape.width);
    png_alloc_size_t size = 0;
    if (!png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), 0, nullptr)) {
        throw std::runtime_error(image.message);
    }
    Bytes bytes(size);
    if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr)) {
        throw std::runtime_error(image.message);
    }
    return bytes;
}

Bytes smooth_pixels(const ImageShape& shape, int64_t number) {
    Bytes pixels;
    for (int64_t y = 0; y < shape.height; ++y) {
        for (int64_t x = 0; x < shape.width; ++x) {
            for (int64_t c = 0; c < shape.channels; ++c) {
                const int64_t down = 150 * y / shape.height, right = 70 * x / shape.width;
                pixels.push_back(static_cast<uint8_t>((c == 1 ? 150 - down : down) + right + number * 7 % 30));
            }
        }
    }
    return pixels;
}

void write_jpegs(const std::filesystem::path& folder, int64_t count, const ImageShape& shape, int64_t first_number) {
    std::filesystem::create_directories(folder);
    for (int64_t i = 0; i < count; ++i) {
        write_bytes(folder / (std::to_string(i) + ".jpg"), jpeg_bytes(shape, smooth_pixels(shape, first_number + i)));
    }
}

}  // namespace heed::test
