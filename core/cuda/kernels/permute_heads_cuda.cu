#include "heed/core/cuda/for_each.cuh"
#include "heed/core/kernels/permute_heads_kernels.h"

namespace heed {

namespace {

__device__ int64_t row_offset(const HeadStrides& strides, int64_t batch, int64_t token, int64_t head) {
    return batch * strides.batch + token * strides.token + head * strides.head;
}

void permute_heads_copy(const PermuteHeads& a) {
    const int64_t rows = a.batch * a.tokens * a.heads;
    cuda::for_each_in_rows("permute heads", rows, a.head_dim, [a] __device__(int64_t row, int64_t column) {
        const int64_t head = row % a.heads, token = row / a.heads % a.tokens, batch = row / a.heads / a.tokens;
        a.y[row_offset(a.y_strides, batch, token, head) + column] =
            a.x[row_offset(a.x_strides, batch, token, head) + column];
    });
}

constexpr PermuteHeadsKernels permute_heads_cuda_kernels = {permute_heads_copy};

}  // namespace

const PermuteHeadsKernels& permute_heads_cuda() {
    return permute_heads_cuda_kernels;
}

}  // namespace heed
