#pragma once

#include <cstdint>

#include "heed/core/tensor/bf16.h"

namespace heed::cuda {

/// A batch of matrices of f32, contiguous within rows.
struct StoredMatrices {
    const float* data;
    int64_t rows;
    int64_t columns;
    int64_t row_stride;
    int64_t batch;
    int64_t batch_stride;

    bool operator==(const StoredMatrices&) const = default;
};

/// The row stride of their copy in bf16: whole groups of 16 bytes.
constexpr int64_t bf16_row_stride(int64_t columns) {
    return (columns + 7) / 8 * 8;
}
constexpr int64_t bf16_count(const StoredMatrices& from) {
    return from.batch * from.rows * bf16_row_stride(from.columns);
}

/// Copies `from` to `to`, 16-byte aligned: the matrices one after the other, rows bf16_row_stride(columns) apart with
/// zeros at their ends, elements rounded to nearest, ties to even.
void copy_as_bf16(const StoredMatrices& from, Bf16* to);

}  // namespace heed::cuda
