#pragma once

#include "heed/core/device/device.h"

namespace heed::cuda {

/// The matrix product by a kernel of our own, tiles of 64 x 64 in f32: runs on every card, whatever libraries there
/// are. Operands are rounded as they are read.
void tiled_matrix_product(const MatrixProduct& product, Precision precision);

}  // namespace heed::cuda
