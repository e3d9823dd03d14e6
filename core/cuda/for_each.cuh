#pragma once

// Kernels without cooperation: one thread computes one element.

#include <cstdint>

#include "heed/core/cuda/launch.cuh"

namespace heed::cuda {

inline constexpr unsigned block_threads = 256;

template <class Body>
__global__ void __launch_bounds__(block_threads) for_each_kernel(int64_t count, Body body) {
    const int64_t step = int64_t{gridDim.x} * blockDim.x;
    for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) body(i);
}

/// Calls body(i), a lambda marked __device__, for i < count.
template <class Body>
void for_each(const char* name, int64_t count, const Body& body) {
    launch(name, {blocks_for(count, block_threads), block_threads}, for_each_kernel<Body>, count, body);
}

template <class Body>
__global__ void __launch_bounds__(block_threads) for_each_in_rows_kernel(int64_t rows, int64_t width, Body body) {
    const int64_t row_step = int64_t{gridDim.y} * blockDim.y, column_step = int64_t{gridDim.x} * blockDim.x;
    for (int64_t row = int64_t{blockIdx.y} * blockDim.y + threadIdx.y; row < rows; row += row_step) {
        for (int64_t column = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; column < width; column += column_step) {
            body(row, column);
        }
    }
}

/// Calls body(row, column), a lambda marked __device__, for row < rows and column < width, neighbouring threads in
/// neighbouring columns: without the divisions that finding the row of a flat index takes.
template <class Body>
void for_each_in_rows(const char* name, int64_t rows, int64_t width, const Body& body) {
    const dim3 threads = width > 32 ? dim3(128, 2) : width > 8 ? dim3(32, 8) : dim3(8, 32);
    launch(name, {dim3(blocks_for(width, threads.x), blocks_for(rows, threads.y)), threads},
           for_each_in_rows_kernel<Body>, rows, width, body);
}

}  // namespace heed::cuda
