#include "heed/core/cuda/dropout.cuh"
#include "heed/core/kernels/residual_add_kernels.h"

namespace heed {

namespace {

/// The last sample may be cut off.
int64_t samples_of(int64_t count, int64_t elements_per_sample) {
    return count == 0 ? 0 : (count - 1) / elements_per_sample + 1;
}

void residual_add_forward(const ResidualAddForward& a) {
    if (a.dropout == 0) {
        cuda::for_each("residual add", a.count, [a] __device__(int64_t i) { a.sum[i] = a.x[i] + a.branch[i]; });
        return;
    }
    cuda::for_each_dropped("residual add with dropout", samples_of(a.count, a.elements_per_sample),
                           a.elements_per_sample, cuda::make_dropout_mask(a.dropout, a.stream),
                           [a] __device__(int64_t i, float factor) {
                               if (i < a.count) a.sum[i] = a.x[i] + cuda::dropped(a.branch[i], factor);
                           });
}

void residual_add_backward(const ResidualAddBackward& a) {
    if (a.dropout == 0) {
        cuda::for_each("residual add backward", a.count, [a] __device__(int64_t i) { a.dbranch[i] = a.dsum[i]; });
        return;
    }
    cuda::for_each_dropped("residual add with dropout backward", samples_of(a.count, a.elements_per_sample),
                           a.elements_per_sample, cuda::make_dropout_mask(a.dropout, a.stream),
                           [a] __device__(int64_t i, float factor) {
                               if (i < a.count) a.dbranch[i] = cuda::dropped(a.dsum[i], factor);
                           });
}

constexpr ResidualAddKernels residual_add_cuda_kernels = {residual_add_forward, residual_add_backward};

}  // namespace

const ResidualAddKernels& residual_add_cuda() {
    return residual_add_cuda_kernels;
}

}  // namespace heed
