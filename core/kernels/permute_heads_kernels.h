#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// Places of the rows x[batch, token, head, :] of a 4-dimensional array, in floats; the last axis is contiguous.
/// [batch, tokens, heads, head_dim] has strides {tokens * heads * head_dim, heads * head_dim, head_dim},
/// [batch, heads, tokens, head_dim] has {heads * tokens * head_dim, head_dim, tokens * head_dim}; the queries in a
/// packed [batch, tokens, 3, heads, head_dim] have a token stride of 3 * heads * head_dim.
struct HeadStrides {
    int64_t batch;
    int64_t token;
    int64_t head;
};

/// Arguments of y[b, n, h, :] = x[b, n, h, :] for all indices: a permutation when the strides differ. Splitting into
/// heads and merging them again, forward and backward, are all this call.
struct PermuteHeads {
    const float* x;
    float* y;  ///< must not overlap x
    HeadStrides x_strides;
    HeadStrides y_strides;
    int64_t batch;
    int64_t tokens;
    int64_t heads;
    int64_t head_dim;
};

struct PermuteHeadsKernels {
    void (*copy)(const PermuteHeads&);
};

HEED_KERNELS(PermuteHeadsKernels, permute_heads);

}  // namespace heed
