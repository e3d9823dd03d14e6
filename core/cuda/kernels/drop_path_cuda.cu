#include "heed/core/cuda/dropout.cuh"
#include "heed/core/kernels/drop_path_kernels.h"

namespace heed {

namespace {

void drop_path_apply(const DropPathArguments& a) {
    const cuda::DropoutMask mask = cuda::make_dropout_mask(a.probability, a.stream);
    cuda::for_each_in_rows("drop path", a.samples, a.per_sample, [a, mask] __device__(int64_t sample, int64_t element) {
        const float factor = random_word(mask.stream, sample, 0) < mask.threshold ? 0.0F : mask.scale;
        const int64_t i = sample * a.per_sample + element;
        a.y[i] = cuda::dropped(a.x[i], factor);
    });
}

constexpr DropPathKernels drop_path_cuda_kernels = {drop_path_apply};

}  // namespace

const DropPathKernels& drop_path_cuda() {
    return drop_path_cuda_kernels;
}

}  // namespace heed
