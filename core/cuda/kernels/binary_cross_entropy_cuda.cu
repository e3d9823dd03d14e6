#include "heed/core/cuda/grid_sum.cuh"
#include "heed/core/kernels/binary_cross_entropy_kernels.h"

namespace heed {

namespace {

void binary_cross_entropy_forward(const BinaryCrossEntropy& a) {
    double* const sum = a.sum;
    float* const loss = a.loss;
    const auto loss_of = [a] __device__(int64_t i) {
        const float x = a.logits[i], y = a.targets ? a.targets[i] : a.byte_targets[i];
        const float e = expf(-fabsf(x)), weight = a.weights ? a.weights[i] : 1.0F;
        const float derivative = x < 0 ? e / (1 + e) - y : (1 - y) - e / (1 + e);
        if (a.dlogits) a.dlogits[i] = weight * derivative;
        const double likely = (x < 0 ? 0.0 : static_cast<double>(x)) - static_cast<double>(x) * y;
        return weight * (likely + log1pf(e));
    };
    cuda::grid_sum("binary cross entropy", a.count, loss_of, [=] __device__(double total) {
        *sum = total;
        *loss = static_cast<float>(total);
    });
}

constexpr BinaryCrossEntropyKernels binary_cross_entropy_cuda_kernels = {binary_cross_entropy_forward};

}  // namespace

const BinaryCrossEntropyKernels& binary_cross_entropy_cuda() {
    return binary_cross_entropy_cuda_kernels;
}

}  // namespace heed
