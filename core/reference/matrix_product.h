#pragma once

#include "heed/core/device/device.h"

namespace heed {

/// The matrix product of the device reference: plain loops that add in double. Addresses are those of the device.
void reference_matrix_product(const MatrixProduct& product);

}  // namespace heed
