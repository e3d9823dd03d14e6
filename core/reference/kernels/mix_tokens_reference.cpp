#include <algorithm>
#include <cmath>

#include "heed/core/kernels/mix_tokens_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

int64_t mix_tokens_length_of(const int32_t* lengths, int64_t sample, int64_t tokens) {
    return lengths == nullptr ? tokens : std::clamp<int64_t>(reference_address(lengths)[sample], 0, tokens);
}

void real_tokens(const RealTokens& a) {
    for (int64_t i = 0; i < a.batch * a.tokens * a.width; ++i) {
        const int64_t token = i / a.width % a.tokens, sample = i / a.width / a.tokens;
        const bool real = token < mix_tokens_length_of(a.lengths, sample, a.tokens);
        const float value = real ? reference_address(a.from)[i] : 0.0F;
        reference_address(a.to)[i] = a.finite_only && !std::isfinite(value) ? 0.0F : value;
    }
}

void add_not_finite(const AddNotFinite& a) {
    const float *x = reference_address(a.x), *weight = reference_address(a.weight);
    float* y = reference_address(a.y);
    for (int64_t i = 0; i < a.batch * a.tokens * a.width; ++i) {
        const int64_t token = i / a.width % a.tokens, sample = i / a.width / a.tokens;
        if (token >= mix_tokens_length_of(a.lengths, sample, a.tokens) || std::isfinite(x[i])) continue;
        for (int64_t later = token; later < a.tokens; ++later) {
            y[i + (later - token) * a.width] += weight[later * a.tokens + token] * x[i];
        }
    }
}

void lower_triangle(const LowerTriangle& a) {
    for (int64_t row = 0; row < a.n; ++row) {
        const float* from = reference_address(a.from) + row * a.from_row;
        float* to = reference_address(a.to) + row * a.to_row;
        for (int64_t column = 0; column < a.n; ++column) {
            const float value = column <= row ? from[column] : 0.0F;
            to[column] = a.accumulate ? to[column] + value : value;
        }
    }
}

constexpr MixTokensKernels mix_tokens_reference_kernels = {real_tokens, add_not_finite, lower_triangle};

}  // namespace

const MixTokensKernels& mix_tokens_reference() {
    return mix_tokens_reference_kernels;
}

}  // namespace heed
