#include "heed/core/cuda/grid_sum.cuh"
#include "heed/core/cuda/rows.cuh"
#include "heed/core/kernels/cross_entropy_kernels.h"

namespace heed {

namespace {

struct Lowest {
    __device__ int32_t operator()(int32_t a, int32_t b) const { return min(a, b); }
};
struct MaxNumber {  // NaN never wins
    __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

/// Lowest index of the largest value; NaN never wins. In every thread of the block.
__device__ int32_t arg_max_of_row(const float* x, int64_t n) {
    float largest = -INFINITY;
    cuda::for_row(n, [&](int64_t j) { largest = fmaxf(largest, x[j]); });
    largest = cuda::block_reduce(largest, MaxNumber());
    if (largest == -INFINITY) return 0;
    auto lowest = static_cast<int32_t>(n - 1);
    cuda::for_row(n, [&](int64_t j) {
        if (x[j] == largest) lowest = min(lowest, static_cast<int32_t>(j));
    });
    return cuda::block_reduce(lowest, Lowest());
}

void cross_entropy_forward(const CrossEntropy& a) {
    cuda::for_each_row("cross entropy", a.rows, a.classes, [a] __device__(int64_t row) {
        const int64_t n = a.classes;
        const float* const x = a.logits + row * n;
        const int32_t target = a.targets[row];
        const bool left_out = target < 0;
        const double smoothing = a.label_smoothing;
        const auto weight = [&](int64_t j) { return a.class_weights ? a.class_weights[j] : 1.0F; };
        const int32_t prediction = arg_max_of_row(x, n);
        const float largest = x[prediction];
        const float of_target = left_out ? 0 : x[target] - largest;
        const float exponentials = cuda::row_sum(n, [&](int64_t j) { return expf(x[j] - largest); });
        float distances = 0, all_weights = static_cast<float>(n);
        if (smoothing != 0) {
            distances = cuda::row_sum(n, [&](int64_t j) { return weight(j) * (x[j] - largest); });
            if (a.class_weights) all_weights = cuda::row_sum(n, weight);
        }
        const double log_sum = log(static_cast<double>(exponentials));
        const double row_weight = left_out ? 0 : weight(target);
        const double nll = left_out ? 0 : row_weight * (log_sum - of_target);
        if (a.dlogits) {
            const double uniform = smoothing / static_cast<double>(n), certain = (1 - smoothing) * row_weight;
            const auto share = static_cast<float>(certain + uniform * all_weights);
            cuda::for_row(n, [&](int64_t j) {
                const float wanted = static_cast<float>(uniform * weight(j) + (j == target ? certain : 0));
                const float derivative = share * (expf(x[j] - largest) / exponentials) - wanted;
                a.dlogits[row * n + j] = left_out ? 0.0F : derivative;
            });
        }
        if (threadIdx.x != 0) return;
        const double flat =
            smoothing == 0 || left_out ? 0 : (all_weights * log_sum - distances) / static_cast<double>(n);
        a.losses[row] = static_cast<float>((1 - smoothing) * nll + smoothing * flat);
        if (a.nll) a.nll[row] = static_cast<float>(nll);
        if (a.predictions) a.predictions[row] = prediction;
        if (a.row_weights) a.row_weights[row] = static_cast<float>(row_weight);
    });
}

void sum_to(const char* name, const float* values, int64_t count, double* sum) {
    cuda::grid_sum(
        name, count, [=] __device__(int64_t i) { return static_cast<double>(values[i]); },
        [=] __device__(double total) { *sum = total; });
}

void cross_entropy_sum(const CrossEntropySums& a) {
    double* const sums = a.sums;
    float* const loss = a.loss;
    const float* const losses = a.losses;
    cuda::grid_sum(
        "sum of losses", a.rows, [=] __device__(int64_t i) { return static_cast<double>(losses[i]); },
        [=] __device__(double total) {
            sums[0] = total;
            *loss = static_cast<float>(total);
        });
    sum_to("sum of nll", a.nll, a.rows, sums + 1);
    sum_to("sum of weights", a.row_weights, a.rows, sums + 2);
}

constexpr CrossEntropyKernels cross_entropy_cuda_kernels = {cross_entropy_forward, cross_entropy_sum};

}  // namespace

const CrossEntropyKernels& cross_entropy_cuda() {
    return cross_entropy_cuda_kernels;
}

}  // namespace heed
