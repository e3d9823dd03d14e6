#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// to[b, t, :] = from[b, t, :], with zeros at tokens from lengths[b] on and, where `finite_only`, in place of NaN and
/// infinities. `to` may be `from`.
struct RealTokens {
    const float* from;       ///< [batch, tokens, width]
    const int32_t* lengths;  ///< [batch] or null: all tokens
    float* to;               ///< [batch, tokens, width]
    int64_t batch;
    int64_t tokens;
    int64_t width;
    bool finite_only;
};

/// y[b, t, c] += weight[t, u] x[b, u, c] for all t >= u, for every x[b, u, c] with u < lengths[b] that is not finite.
struct AddNotFinite {
    const float* x;          ///< [batch, tokens, width]
    const int32_t* lengths;  ///< [batch] or null
    const float* weight;     ///< [tokens, tokens]
    float* y;                ///< [batch, tokens, width]
    int64_t batch;
    int64_t tokens;
    int64_t width;
};

/// The lower triangle of `from`, n x n, with its diagonal: copied to `to`, whose upper triangle becomes 0, or added to
/// it, whose upper triangle stays.
struct LowerTriangle {
    const float* from;
    int64_t from_row;  ///< floats from a row to the next
    float* to;
    int64_t to_row;
    int64_t n;
    bool accumulate;
};

struct MixTokensKernels {
    void (*real_tokens)(const RealTokens&);
    void (*add_not_finite)(const AddNotFinite&);
    void (*lower_triangle)(const LowerTriangle&);
};

HEED_KERNELS(MixTokensKernels, mix_tokens);

}  // namespace heed
