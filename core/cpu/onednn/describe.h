#pragma once

#include <string>

#include "heed/core/device/device.h"

namespace heed::onednn {

/// Shapes and strides of a product, for an error.
std::string describe(const MatrixProduct& product);

}  // namespace heed::onednn
