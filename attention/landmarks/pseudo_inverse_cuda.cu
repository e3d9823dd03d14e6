#include "heed/attention/landmarks/pseudo_inverse_kernels.h"
#include "heed/core/cuda/launch.cuh"
#include "heed/core/cuda/shared_memory.cuh"

// A block for each matrix; every number is written by one thread, which adds up in a fixed order.

namespace heed {

namespace pseudo_inverse_card {

namespace {

constexpr int threads = 256;

/// In shared memory: the sums of the columns, then a number for each thread.
size_t shared_bytes(int64_t size) {
    return sizeof(double) * static_cast<size_t>(size + threads);
}

/// Fills sums with those of the columns; gives the first column with the greatest, or the first whose sum is none.
/// Barriers for the block.
__device__ int64_t greatest_column(const float* a, int64_t size, double* sums) {
    for (int64_t column = threadIdx.x; column < size; column += threads) {
        double sum = 0;
        for (int64_t row = 0; row < size; ++row) sum += static_cast<double>(a[row * size + column]);
        sums[column] = sum;
    }
    __syncthreads();
    int64_t greatest = 0;
    for (int64_t column = 0; column < size; ++column) {
        if (isnan(sums[column])) return column;
        if (sums[column] > sums[greatest]) greatest = column;
    }
    return greatest;
}

__global__ void __launch_bounds__(threads) start_kernel(const float* all, float* all_starts, int64_t size) {
    HEED_DYNAMIC_SHARED(double, sums);
    const float* const a = all + blockIdx.x * size * size;
    float* const start = all_starts + blockIdx.x * size * size;
    const double sum = sums[greatest_column(a, size, sums)];
    for (int64_t i = threadIdx.x; i < size * size; i += threads) {
        start[i] = static_cast<float>(static_cast<double>(a[i % size * size + i / size]) / sum);
    }
}

__global__ void __launch_bounds__(threads)
    start_backward_kernel(const float* all, const float* all_d_starts, float* all_d, int64_t size) {
    HEED_DYNAMIC_SHARED(double, sums);
    const float* const a = all + blockIdx.x * size * size;
    const float* const d_start = all_d_starts + blockIdx.x * size * size;
    float* const d_a = all_d + blockIdx.x * size * size;
    const int64_t greatest = greatest_column(a, size, sums);
    const double sum = sums[greatest];
    double part = 0;
    for (int64_t i = threadIdx.x; i < size * size; i += threads) {
        const double d = static_cast<double>(d_start[i % size * size + i / size]) / sum;
        d_a[i] = static_cast<float>(d);
        part -= d * static_cast<double>(a[i]) / sum;
    }
    double* const parts = sums + size;
    parts[threadIdx.x] = part;
    __syncthreads();
    double d_sum = 0;
    for (int thread = 0; thread < threads; ++thread) d_sum += parts[thread];
    for (int64_t row = threadIdx.x; row < size; row += threads) {
        d_a[row * size + greatest] += static_cast<float>(d_sum);
    }
}

void start(const float* a, float* start, int64_t count, int64_t size) {
    cuda::launch("start of a pseudo-inverse", {static_cast<unsigned>(count), threads, shared_bytes(size)}, start_kernel,
                 a, start, size);
}

void start_backward(const float* a, const float* d_start, float* d_a, int64_t count, int64_t size) {
    cuda::launch("start of a pseudo-inverse, backward", {static_cast<unsigned>(count), threads, shared_bytes(size)},
                 start_backward_kernel, a, d_start, d_a, size);
}

constexpr PseudoInverseKernels kernels = {start, start_backward};

}  // namespace

}  // namespace pseudo_inverse_card

const PseudoInverseKernels& pseudo_inverse_cuda() {
    return pseudo_inverse_card::kernels;
}

}  // namespace heed
