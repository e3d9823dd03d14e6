#pragma once

// Sums over all that a grid sees, in double and in an order that depends on the number of values alone.

#include <algorithm>
#include <cstdint>

#include "heed/core/cuda/launch.cuh"
#include "heed/core/cuda/reduce.cuh"
#include "heed/core/cuda/scratch.cuh"

namespace heed::cuda {

inline constexpr unsigned grid_sum_threads = 256;
inline constexpr int64_t grid_sum_blocks = 1024;
static_assert(grid_sum_blocks * sizeof(double) <= scratch_bytes);

/// partial[block] = sum of value(i) over every gridDim.x-th run of blockDim.x numbers i.
template <class Value>
__global__ void __launch_bounds__(grid_sum_threads) grid_sum_kernel(int64_t count, Value value, double* partial) {
    double sum = 0;
    const int64_t step = int64_t{gridDim.x} * blockDim.x;
    for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) sum += value(i);
    sum = block_reduce(sum, Sum());
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

template <class Finish>
__global__ void __launch_bounds__(grid_sum_threads)
    grid_sum_finish_kernel(int64_t count, const double* partial, Finish finish) {
    double sum = 0;
    for (int64_t i = threadIdx.x; i < count; i += blockDim.x) sum += partial[i];
    sum = block_reduce(sum, Sum());
    if (threadIdx.x == 0) finish(sum);
}

/// Calls finish(sum of value(i) for i < count) on the card; both are lambdas marked __device__. `value` is called once
/// for each i and may write what it found.
template <class Value, class Finish>
void grid_sum(const char* name, int64_t count, const Value& value, const Finish& finish) {
    const int64_t blocks = std::min<int64_t>(blocks_for(count, int64_t{grid_sum_threads} * 4), grid_sum_blocks);
    auto* const partial = static_cast<double*>(scratch());
    launch(name, {static_cast<unsigned>(blocks), grid_sum_threads}, grid_sum_kernel<Value>, count, value, partial);
    launch(name, {1, grid_sum_threads}, grid_sum_finish_kernel<Finish>, blocks, partial, finish);
}

}  // namespace heed::cuda
