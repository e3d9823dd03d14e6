#include "heed/datasets/image_source.h"

namespace heed {

std::string to_string(const ImageShape& shape) {
    return std::to_string(shape.channels) + "x" + std::to_string(shape.height) + "x" + std::to_string(shape.width);
}

}  // namespace heed
