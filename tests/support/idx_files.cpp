#include "heed/tests/support/idx_files.h"

#include <zlib.h>

#include <fstream>
#include <stdexcept>
#include <string>

namespace heed::test {

namespace {

void write_part(const std::filesystem::path& folder, const TinyImages& images, const std::string& part, int64_t first,
                int64_t count) {
    Bytes pixels;
    Bytes labels;
    for (int64_t index = first; index < first + count; ++index) {
        for (int64_t row = 0; row < images.height; ++row) {
            for (int64_t column = 0; column < images.width; ++column) {
                pixels.push_back(tiny_pixel(images, index, row, column));
            }
        }
        labels.push_back(static_cast<uint8_t>(index % images.classes));
    }
    const auto n = static_cast<uint32_t>(count);
    const Bytes image_file =
        idx_bytes({n, static_cast<uint32_t>(images.height), static_cast<uint32_t>(images.width)}, pixels);
    const Bytes label_file = idx_bytes({n}, labels);
    const std::string tail = images.gzip ? ".gz" : "";
    write_bytes(folder / (part + "-images-idx3-ubyte" + tail), images.gzip ? gzip_bytes(image_file) : image_file);
    write_bytes(folder / (part + "-labels-idx1-ubyte" + tail), images.gzip ? gzip_bytes(label_file) : label_file);
}

}  // namespace

Bytes idx_bytes(const std::vector<uint32_t>& shape, const Bytes& values) {
    Bytes bytes = {0, 0, 0x08, static_cast<uint8_t>(shape.size())};
    for (const uint32_t extent : shape) {
        for (const int shift : {24, 16, 8, 0}) {
            bytes.push_back(static_cast<uint8_t>(extent >> shift));
        }
    }
    bytes.insert(bytes.end(), values.begin(), values.end());
    return bytes;
}

Bytes gzip_bytes(const Bytes& bytes) {
    z_stream stream{};
    if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::runtime_error("deflateInit2 failed");
    }
    Bytes packed(deflateBound(&stream, bytes.size()) + 32);
    stream.next_in = const_cast<Bytef*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = packed.data();
    stream.avail_out = static_cast<uInt>(packed.size());
    const int result = deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    if (result != Z_STREAM_END) {
        throw std::runtime_error("deflate failed");
    }
    return packed;
}

void write_bytes(const std::filesystem::path& file, const Bytes& bytes) {
    std::ofstream stream(file, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!stream.flush()) {
        throw std::runtime_error("cannot write " + file.string());
    }
}

uint8_t tiny_pixel(const TinyImages& images, int64_t index, int64_t row, int64_t column) {
    const int64_t label = index % images.classes;
    const bool bright = row * images.classes / images.height == label;
    const auto place = static_cast<uint32_t>((index * images.height + row) * images.width + column);
    const uint32_t noise = (place * 2654435761U) >> 26;
    return static_cast<uint8_t>((bright ? 160 : 20) + noise);
}

void write_tiny_images(const std::filesystem::path& folder, const TinyImages& images) {
    std::filesystem::create_directories(folder);
    write_part(folder, images, "train", 0, images.train);
    write_part(folder, images, "t10k", images.train, images.test);
}

}  // namespace heed::test
