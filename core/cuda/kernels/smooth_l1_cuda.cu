#include "heed/core/cuda/grid_sum.cuh"
#include "heed/core/kernels/smooth_l1_kernels.h"

namespace heed {

namespace {

void smooth_l1_forward(const SmoothL1& a) {
    double* const sum = a.sum;
    float* const loss = a.loss;
    const auto loss_of = [a] __device__(int64_t i) {
        const float error = a.predictions[i] - a.targets[i], size = error < 0 ? -error : error;
        const float weight = a.weights ? a.weights[i] : 1.0f;
        // The error itself is 0 or NaN where it has no sign.
        const float sign = error > 0 ? 1.0f : error < 0 ? -1.0f : error;
        const bool near = size < a.beta;
        if (a.dpredictions) a.dpredictions[i] = weight * (near ? error / a.beta : sign);
        return static_cast<double>(weight) * (near ? error * error / (2 * a.beta) : size - a.beta / 2);
    };
    cuda::grid_sum("smooth l1", a.count, loss_of, [=] __device__(double total) {
        *sum = total;
        *loss = static_cast<float>(total);
    });
}

constexpr SmoothL1Kernels smooth_l1_cuda_kernels = {smooth_l1_forward};

}  // namespace

const SmoothL1Kernels& smooth_l1_cuda() {
    return smooth_l1_cuda_kernels;
}

}  // namespace heed
