#include "heed/core/cuda/products/bf16_copy.cuh"

#include "heed/core/cuda/for_each.cuh"
#include "heed/core/cuda/rounding.cuh"

namespace heed::cuda {

namespace {

constexpr int64_t group = 8;  // elements that a thread converts: 16 bytes of bf16

/// Whether every whole group of a row begins at a multiple of 16 bytes.
bool is_aligned(const StoredMatrices& m) {
    return reinterpret_cast<uintptr_t>(m.data) % 16 == 0 && m.row_stride % 4 == 0 && m.batch_stride % 4 == 0;
}

}  // namespace

void copy_as_bf16(const StoredMatrices& from, Bf16* to) {
    StoredMatrices m = from;
    if (m.batch > 1 && m.batch_stride == m.rows * m.row_stride) {
        m.rows *= m.batch;
        m.batch = 1;
    }
    const int64_t groups = bf16_row_stride(m.columns) / group;
    const bool aligned = is_aligned(m);
    uint4* const groups_to = reinterpret_cast<uint4*>(to);
    for_each_in_rows("copy as bf16", m.batch * m.rows, groups, [=] __device__(int64_t row, int64_t i) {
        const int64_t entry = m.batch == 1 ? 0 : row / m.rows;
        const float* const x = m.data + entry * m.batch_stride + (row - entry * m.rows) * m.row_stride + i * group;
        const int64_t count = m.columns - i * group;
        float values[group] = {};
        if (aligned && count >= group) {
            *reinterpret_cast<float4*>(values) = *reinterpret_cast<const float4*>(x);
            *reinterpret_cast<float4*>(values + 4) = *reinterpret_cast<const float4*>(x + 4);
        } else {
            for (int k = 0; k < group; ++k) values[k] = k < count ? x[k] : 0.0F;
        }
        groups_to[row * groups + i] = bf16_group(values);
    });
}

}  // namespace heed::cuda
