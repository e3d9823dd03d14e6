#include "heed/core/cuda/grid_sum.cuh"
#include "heed/core/cuda/rows.cuh"
#include "heed/core/kernels/distillation_kernels.h"

namespace heed {

namespace {

/// log of the sum of e^(x / T) over a row, less max(x) / T, and max(x). In every thread of the block.
struct LogSum {
    float largest, rest;
};

__device__ LogSum log_sum_of_row(const float* x, int64_t n, float temperature) {
    float largest = -INFINITY;
    cuda::for_row(n, [&](int64_t j) { largest = cuda::Max()(largest, x[j]); });
    largest = cuda::block_reduce(largest, cuda::Max());
    return {largest, logf(cuda::row_sum(n, [&](int64_t j) { return expf((x[j] - largest) / temperature); }))};
}

void distillation_forward(const Distillation& a) {
    cuda::for_each_row("distillation", a.rows, a.classes, [a] __device__(int64_t row) {
        const int64_t n = a.classes;
        const float *const x = a.logits + row * n, *const t = a.teacher + row * n, temperature = a.temperature;
        const bool left_out = a.targets && a.targets[row] < 0;
        const LogSum of_x = log_sum_of_row(x, n, temperature), of_t = log_sum_of_row(t, n, temperature);
        const float loss = cuda::row_sum(n, [&](int64_t j) {
            const float log_q = (x[j] - of_x.largest) / temperature - of_x.rest;
            const float log_p = (t[j] - of_t.largest) / temperature - of_t.rest;
            const float p = expf(log_p);
            if (a.dlogits) a.dlogits[row * n + j] = left_out ? 0.0F : temperature * (expf(log_q) - p);
            return p * (log_p - log_q);
        });
        if (threadIdx.x == 0) a.losses[row] = left_out ? 0.0F : temperature * temperature * loss;
    });
    const float* const losses = a.losses;
    double* const sum = a.sum;
    float* const loss = a.loss;
    cuda::grid_sum(
        "sum of distillation losses", a.rows, [=] __device__(int64_t i) { return static_cast<double>(losses[i]); },
        [=] __device__(double total) {
            *sum = total;
            *loss = static_cast<float>(total);
        });
}

constexpr DistillationKernels distillation_cuda_kernels = {distillation_forward};

}  // namespace

const DistillationKernels& distillation_cuda() {
    return distillation_cuda_kernels;
}

}  // namespace heed
