#pragma once

// Kernels in which a warp holds a whole row in registers: each number is read once, and all reads of a row are on their
// way at the same time. For rows of at most most_warp_row elements.

#include <cstdint>

#include "heed/core/cuda/launch.cuh"
#include "heed/core/cuda/reduce.cuh"
#include "heed/core/tensor/bf16.h"

namespace heed::cuda {

inline constexpr int64_t most_warp_row = 1024;
inline constexpr unsigned warps_of_block = 4;

/// The elements lane, lane + 32, ... of a row: `count` to a thread, zeros behind the width.
template <int count>
struct WarpRow {
    float values[count];

    /// Calls body(value, j) for the elements j < width of this thread.
    template <class Body>
    __device__ void for_each(int64_t width, const Body& body) {
        for (int i = 0; i < count; ++i) {
            const int64_t j = static_cast<int64_t>(threadIdx.x) + i * warp_size;
            if (j < width) body(values[i], j);
        }
    }

    /// Of f32 or bf16.
    template <class Element>
    __device__ void load(const Element* row, int64_t width) {
        for (int i = 0; i < count; ++i) values[i] = 0;
        for_each(width, [&](float& value, int64_t j) { value = to_float(row[j]); });
    }

    /// The sum over the row of term(value, j), the same in every thread.
    template <class Term>
    __device__ float sum(int64_t width, const Term& term) {
        float total = 0;
        for_each(width, [&](float value, int64_t j) { total += term(value, j); });
        return warp_reduce(total, Sum());
    }
};

template <int count, class Body>
__global__ void __launch_bounds__(warp_size* warps_of_block) for_each_warp_row_kernel(int64_t rows, Body body) {
    const int64_t step = int64_t{gridDim.x} * warps_of_block;
    for (int64_t row = int64_t{blockIdx.x} * warps_of_block + threadIdx.y; row < rows; row += step) {
        body.template operator()<count>(row);
    }
}

/// Calls body.operator()<count>(row), marked __device__, in the threads of one warp for each row; WarpRow<count> holds
/// `width` <= most_warp_row elements.
template <class Body>
void for_each_warp_row(const char* name, int64_t rows, int64_t width, const Body& body) {
    const Launch shape{blocks_for(rows, warps_of_block), dim3(warp_size, warps_of_block)};
    if (width <= 4 * warp_size) {
        launch(name, shape, for_each_warp_row_kernel<4, Body>, rows, body);
    } else if (width <= 12 * warp_size) {
        launch(name, shape, for_each_warp_row_kernel<12, Body>, rows, body);
    } else if (width <= 24 * warp_size) {
        launch(name, shape, for_each_warp_row_kernel<24, Body>, rows, body);
    } else {
        launch(name, shape, for_each_warp_row_kernel<32, Body>, rows, body);
    }
}

}  // namespace heed::cuda
