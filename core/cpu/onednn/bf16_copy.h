#pragma once

#include "heed/core/device/device.h"

namespace heed::onednn {

/// The same product with operands in bf16: those of f32 are copied, rounded to nearest, ties to even, into working
/// memory of the calling thread, where they stay until the next call: one copy where both operands are the same
/// matrices. The processor must have AVX512-BF16.
MatrixProduct with_bf16_operands(const MatrixProduct& product);

}  // namespace heed::onednn
