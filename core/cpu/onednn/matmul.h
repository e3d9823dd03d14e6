#pragma once

#include <cstdint>

#include "heed/core/device/device.h"

namespace heed::onednn {

/// Operands in bf16, in place of those of a product, whose strides then count such elements.
struct Bf16Operands {
    const uint16_t* a = nullptr;
    const uint16_t* b = nullptr;
};

/// The product by oneDNN's matmul primitive: bias in the epilogue, batches in one call. alpha must be 1, all sizes
/// positive, c_batch_stride not 0 where batch > 1. Primitives are kept for each shape and thread.
void matmul(const MatrixProduct& product, const Bf16Operands* bf16 = nullptr);

}  // namespace heed::onednn
