#include "heed/datasets/images/image_source.h"

#include "heed/datasets/images/formats/image_resize.h"
#include "heed/datasets/images/image_key.h"

namespace heed {

void ImageSource::read_crop(int64_t index, const RandomCrop& crop, std::span<uint8_t> pixels) const {
    std::vector<uint8_t> whole(static_cast<std::size_t>(shape().pixels()));
    read_image(index, whole);
    resize_image(PixelView::planes(whole.data(), shape()), crop_box(shape().height, shape().width, crop), shape(),
                 pixels);
}

uint64_t ImageSource::content_key(int64_t index) const {
    std::vector<uint8_t> pixels(static_cast<std::size_t>(shape().pixels()));
    read_image(index, pixels);
    return byte_key(pixels);
}

std::string to_string(const ImageShape& shape) {
    return std::to_string(shape.channels) + "x" + std::to_string(shape.height) + "x" + std::to_string(shape.width);
}

}  // namespace heed
