#include <sstream>

#include "heed/core/error.h"
#include "heed/datasets/files/byte_reader.h"
#include "heed/datasets/images/formats/cifar_images.h"
#include "heed/datasets/images/formats/exif.h"
#include "heed/datasets/images/formats/idx.h"
#include "heed/datasets/images/formats/image_file.h"
#include "heed/tests/attack/fuzz/entries.h"

namespace heed::test {

int fuzz_idx(const uint8_t* data, size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto read = [&](int64_t dimensions) {
        ByteReader reader(std::make_unique<std::istringstream>(text), size, "idx");
        return read_idx(reader, dimensions);
    };
    try {
        read(1);
    } catch (const Error&) {
    }
    read(3);
    return 0;
}

int fuzz_cifar(const uint8_t* data, size_t size) {
    const CifarFormat format{.label_bytes = 2, .label = 1, .class_names = {"a", "b", "c"}};
    const auto images = open_cifar_images(format, {as_file("cifar.bin", data, size)}, 0);
    Input pixels(static_cast<size_t>(images->shape().pixels()));
    for (int64_t i = 0; i < images->size(); ++i) images->read_image(i, pixels);
    return 0;
}

int fuzz_picture(const uint8_t* data, size_t size) {
    const std::string path = as_file("picture.png", data, size);
    is_image_file(path);
    Input pixels(3 * 5 * 7);
    const RandomCrop crop{.area = 0.5f, .ratio = 0.7f, .x = 1, .y = 0.3f};
    try {
        read_image_file(path, {1, 5, 7}, nullptr, std::span(pixels).first(5 * 7));
    } catch (const Error&) {
    }
    read_image_file(path, {3, 5, 7}, &crop, pixels);
    return 0;
}

int fuzz_orientation(const uint8_t* data, size_t size) {
    orientation_in_exif({data, size});
    orientation_in_xmp({data, size});
    App1Orientation segments;
    segments.add({data, size / 2});
    segments.add({data + size / 2, size - size / 2});
    segments.orientation();
    return 0;
}

}  // namespace heed::test
