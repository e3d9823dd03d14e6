#include "heed/core/cuda/for_each.cuh"
#include "heed/core/kernels/mix_tokens_kernels.h"

namespace heed {

namespace {

__device__ int64_t length_of_sample(const int32_t* lengths, int64_t sample, int64_t tokens) {
    return lengths ? min(max(int64_t{lengths[sample]}, int64_t{0}), tokens) : tokens;
}

void mix_tokens_real_tokens(const RealTokens& a) {
    cuda::for_each_in_rows("real tokens", a.batch * a.tokens, a.width, [a] __device__(int64_t row, int64_t column) {
        const bool real = row % a.tokens < length_of_sample(a.lengths, row / a.tokens, a.tokens);
        const float value = real ? a.from[row * a.width + column] : 0.0F;
        a.to[row * a.width + column] = a.finite_only && !isfinite(value) ? 0.0F : value;
    });
}

void mix_tokens_add_not_finite(const AddNotFinite& a) {
    cuda::for_each_in_rows("add what is not finite", a.batch, a.width, [a] __device__(int64_t sample, int64_t column) {
        const int64_t first = sample * a.tokens * a.width + column;
        const int64_t length = length_of_sample(a.lengths, sample, a.tokens);
        for (int64_t token = 0; token < length; ++token) {
            const float value = a.x[first + token * a.width];
            if (isfinite(value)) continue;
            for (int64_t later = token; later < a.tokens; ++later) {
                a.y[first + later * a.width] += a.weight[later * a.tokens + token] * value;
            }
        }
    });
}

void mix_tokens_lower_triangle(const LowerTriangle& a) {
    cuda::for_each_in_rows("lower triangle", a.n, a.n, [a] __device__(int64_t row, int64_t column) {
        const float value = column <= row ? a.from[row * a.from_row + column] : 0.0F;
        float& to = a.to[row * a.to_row + column];
        if (!a.accumulate) {
            to = value;
        } else if (column <= row) {
            to += value;
        }
    });
}

constexpr MixTokensKernels mix_tokens_cuda_kernels = {mix_tokens_real_tokens, mix_tokens_add_not_finite,
                                                      mix_tokens_lower_triangle};

}  // namespace

const MixTokensKernels& mix_tokens_cuda() {
    return mix_tokens_cuda_kernels;
}

}  // namespace heed
