#include "heed/core/cuda/rows.cuh"
#include "heed/core/kernels/softmax_kernels.h"

namespace heed {

namespace {

__device__ int64_t valid_of_row(const RowLengths& valid, int64_t row, int64_t width) {
    if (!valid.lengths) return width;
    return min(max(int64_t{valid.lengths[row / valid.rows_per_length]}, int64_t{0}), width);
}

void softmax_forward(const SoftmaxForward& a) {
    cuda::for_each_row("softmax", a.rows, a.width, [a] __device__(int64_t row) {
        const float* const x = a.x + row * a.width;
        float* const y = a.y + row * a.width;
        const int64_t n = valid_of_row(a.valid, row, a.width);
        float largest = -INFINITY;
        cuda::for_row(n, [&](int64_t j) { largest = cuda::Max()(largest, x[j]); });
        largest = cuda::block_reduce(largest, cuda::Max());
        const float shift = largest == -INFINITY ? 0 : largest;
        const float sum = cuda::row_sum(n, [&](int64_t j) { return expf(x[j] - shift); });
        const float factor = sum == 0 ? 0 : 1 / sum;
        cuda::for_row(a.width, [&](int64_t j) { y[j] = j < n ? expf(x[j] - shift) * factor : 0; });
    });
}

void softmax_backward(const SoftmaxBackward& a) {
    cuda::for_each_row("softmax backward", a.rows, a.width, [a] __device__(int64_t row) {
        const float *const y = a.y + row * a.width, *const dy = a.dy + row * a.width;
        float* const dx = a.dx + row * a.width;
        const int64_t n = valid_of_row(a.valid, row, a.width);
        const float mean = cuda::row_sum(n, [&](int64_t j) { return y[j] * dy[j]; });
        cuda::for_row(a.width, [&](int64_t j) { dx[j] = j < n ? y[j] * (dy[j] - mean) : 0; });
    });
}

constexpr SoftmaxKernels softmax_cuda_kernels = {softmax_forward, softmax_backward};

}  // namespace

const SoftmaxKernels& softmax_cuda() {
    return softmax_cuda_kernels;
}

}  // namespace heed
