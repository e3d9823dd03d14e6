#pragma once

// Sums over the rows of a matrix, for each column: gradients of biases, gains and positions. Two passes: slices of
// rows, then the sums of the slices, both in an order that depends on the shape alone.

#include <algorithm>
#include <array>
#include <cstdint>

#include "heed/core/cuda/for_each.cuh"
#include "heed/core/cuda/shared_memory.cuh"

namespace heed::cuda {

inline constexpr int column_sum_lanes = 32;  ///< columns of a block
inline constexpr int column_sum_rows = 8;    ///< rows that a block reads at a time

/// How many slices the rows are cut into.
constexpr int64_t column_sum_slices(int64_t rows) {
    return std::clamp<int64_t>(rows / 64, 1, 64);
}

/// Floats of scratch memory for the sums of `count` values.
constexpr int64_t column_sums_workspace(int64_t rows, int64_t width, int64_t count = 1) {
    return column_sum_slices(rows) * width * count;
}

/// partial[slice, k, column] = sum over the slice's rows of values[k] as `body(row, column, values)` sets it.
template <int count, class Body>
__global__ void __launch_bounds__(column_sum_lanes* column_sum_rows)
    column_sums_kernel(int64_t rows, int64_t width, Body body, float* partial) {
    HEED_SHARED(float, of_threads, count* column_sum_rows* column_sum_lanes);
    const int64_t column = int64_t{blockIdx.x} * column_sum_lanes + threadIdx.x;
    const int64_t first = rows * blockIdx.y / gridDim.y, end = rows * (int64_t{blockIdx.y} + 1) / gridDim.y;
    float sums[count] = {};
    if (column < width) {
        for (int64_t row = first + threadIdx.y; row < end; row += column_sum_rows) {
            float values[count];
            body(row, column, values);
            for (int k = 0; k < count; ++k) sums[k] += values[k];
        }
    }
    const unsigned place = threadIdx.y * column_sum_lanes + threadIdx.x;
    for (int k = 0; k < count; ++k) of_threads[k * column_sum_rows * column_sum_lanes + place] = sums[k];
    __syncthreads();
    if (threadIdx.y != 0 || column >= width) return;
    for (int k = 0; k < count; ++k) {
        float sum = 0;
        for (int y = 0; y < column_sum_rows; ++y) {
            sum += of_threads[(k * column_sum_rows + y) * column_sum_lanes + static_cast<int>(threadIdx.x)];
        }
        partial[(int64_t{blockIdx.y} * count + k) * width + column] = sum;
    }
}

/// sums[k][column] (+)= sum over rows of values[k] as `body(row, column, values)`, a lambda marked __device__, sets it;
/// where sums[k] is null it is left out. `body` is called once for every row and column, and may write what it found.
template <int count, class Body>
void column_sums(const char* name, int64_t rows, int64_t width, const Body& body, std::array<float*, count> sums,
                 bool accumulate, float* workspace) {
    const auto slices = static_cast<unsigned>(column_sum_slices(rows));
    const auto tiles = static_cast<unsigned>((width + column_sum_lanes - 1) / column_sum_lanes);
    launch(name, {dim3(tiles, slices), dim3(column_sum_lanes, column_sum_rows)}, column_sums_kernel<count, Body>, rows,
           width, body, workspace);
    for (int k = 0; k < count; ++k) {
        float* const out = sums[static_cast<size_t>(k)];
        if (!out) continue;
        for_each(name, width, [=] __device__(int64_t column) {
            float sum = accumulate ? out[column] : 0;
            for (unsigned slice = 0; slice < slices; ++slice) {
                sum += workspace[(int64_t{slice} * count + k) * width + column];
            }
            out[column] = sum;
        });
    }
}

}  // namespace heed::cuda
