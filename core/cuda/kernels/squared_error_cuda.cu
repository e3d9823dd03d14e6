#include "heed/core/cuda/grid_sum.cuh"
#include "heed/core/kernels/squared_error_kernels.h"

namespace heed {

namespace {

void squared_error_forward(const SquaredError& a) {
    double* const sum = a.sum;
    float* const loss = a.loss;
    const auto loss_of = [a] __device__(int64_t i) {
        const float error = a.predictions[i] - a.targets[i];
        const float weighted = a.weights ? error * a.weights[i] : error;
        if (a.dpredictions) a.dpredictions[i] = 2 * weighted;
        return static_cast<double>(error) * weighted;
    };
    cuda::grid_sum("squared error", a.count, loss_of, [=] __device__(double total) {
        *sum = total;
        *loss = static_cast<float>(total);
    });
}

constexpr SquaredErrorKernels squared_error_cuda_kernels = {squared_error_forward};

}  // namespace

const SquaredErrorKernels& squared_error_cuda() {
    return squared_error_cuda_kernels;
}

}  // namespace heed
