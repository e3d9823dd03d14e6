#pragma once

#include "heed/core/device/device.h"

namespace heed::onednn {

/// The product by oneDNN's matmul primitive: bias in the epilogue, batches in one call. a and b must be of the same
/// type, c of f32 or of theirs, alpha 1, all sizes positive, c_batch_stride not 0 where batch > 1. Primitives are kept
/// for each shape and thread.
void matmul(const MatrixProduct& product);

}  // namespace heed::onednn
