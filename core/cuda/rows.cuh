#pragma once

// Kernels in which a block works on one row at a time: as many threads as the width is worth.

#include <cstdint>

#include "heed/core/cuda/launch.cuh"
#include "heed/core/cuda/reduce.cuh"

namespace heed::cuda {

inline constexpr unsigned most_row_threads = 256;

template <class Body>
__global__ void __launch_bounds__(most_row_threads) for_each_row_kernel(int64_t rows, Body body) {
    for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) body(row);
}

/// Calls body(row), a lambda marked __device__, in all threads of one block for each row of `width` elements, which it
/// shares out with for_row. It may call block_reduce.
template <class Body>
void for_each_row(const char* name, int64_t rows, int64_t width, const Body& body) {
    const unsigned threads = width > 4096 ? most_row_threads : width > 1024 ? 128 : warp_size;
    launch(name, {blocks_for(rows, 1), threads}, for_each_row_kernel<Body>, rows, body);
}

/// Calls body(j) for the elements j < width of this thread.
template <class Body>
__device__ void for_row(int64_t width, const Body& body) {
    for (int64_t j = threadIdx.x; j < width; j += blockDim.x) body(j);
}

/// The sum over a row of value(j), the same in every thread.
template <class Value>
__device__ float row_sum(int64_t width, const Value& value) {
    float sum = 0;
    for_row(width, [&](int64_t j) { sum += value(j); });
    return block_reduce(sum, Sum());
}

}  // namespace heed::cuda
