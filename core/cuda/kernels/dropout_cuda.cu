#include "heed/core/cuda/dropout.cuh"
#include "heed/core/kernels/dropout_kernels.h"

namespace heed {

namespace {

void dropout_apply(const DropoutArguments& a) {
    cuda::for_each_dropped("dropout", a.samples, a.per_sample, cuda::make_dropout_mask(a.probability, a.stream),
                           [a] __device__(int64_t i, float factor) { a.y[i] = cuda::dropped(a.x[i], factor); });
}

constexpr DropoutKernels dropout_cuda_kernels = {dropout_apply};

}  // namespace

const DropoutKernels& dropout_cuda() {
    return dropout_cuda_kernels;
}

}  // namespace heed
