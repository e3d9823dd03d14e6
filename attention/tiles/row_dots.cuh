#pragma once

#include "heed/attention/heads/sdpa_shape.h"
#include "heed/attention/tiles/token_tile.cuh"
#include "heed/core/cuda/launch.cuh"
#include "heed/core/cuda/reduce.cuh"

namespace heed::cuda {

inline constexpr int rows_of_block = attention_threads / warp_size;

/// A warp adds up one row.
static __global__ void __launch_bounds__(attention_threads)
    row_dots_kernel(ConstHeadView output, ConstHeadView d_output, SdpaShape shape, float* to) {
    const int lane = static_cast<int>(threadIdx.x) % warp_size;
    const int64_t row = int64_t{blockIdx.x} * rows_of_block + threadIdx.x / warp_size;
    if (row >= shape.batch * shape.heads * shape.queries) return;
    const int64_t head = row / shape.queries, query = row % shape.queries;
    const float* const a = head_rows(output, head / shape.heads, head % shape.heads).at(query);
    const float* const b = head_rows(d_output, head / shape.heads, head % shape.heads).at(query);
    float sum = 0;
    for (int c = lane; c < shape.head_dim; c += warp_size) sum += a[c] * b[c];
    sum = warp_reduce(sum, Sum{});
    if (lane == 0) to[row] = sum;
}

/// to[batch, heads, queries] = the sums over the components of d_output * output, which are those over the keys of
/// weight * gradient of the weight.
inline void row_dots(const ConstHeadView& output, const ConstHeadView& d_output, const SdpaShape& shape, float* to) {
    const int64_t rows = shape.batch * shape.heads * shape.queries;
    launch("row dots", {static_cast<unsigned>((rows + rows_of_block - 1) / rows_of_block), attention_threads},
           row_dots_kernel, output, d_output, shape, to);
}

}  // namespace heed::cuda
