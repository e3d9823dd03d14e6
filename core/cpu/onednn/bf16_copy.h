#pragma once

#include "heed/core/cpu/onednn/matmul.h"

namespace heed::onednn {

/// Copies of the operands of a product in bf16, rounded to nearest, ties to even, in working memory of the calling
/// thread, where they stay until the next such copies are made: one copy where both operands are the same matrices. The
/// processor must have AVX512-BF16.
struct Bf16Copies {
    explicit Bf16Copies(const MatrixProduct& of);

    Bf16Operands operands;
    MatrixProduct product;  ///< with the strides of the copies
};

}  // namespace heed::onednn
