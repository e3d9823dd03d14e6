#pragma once

#include "heed/attention/heads/head_view.h"
#include "heed/attention/heads/sdpa_shape.h"
#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// Output = dropout(W) V. A query without any key (or with scores of -inf alone) gives zeros and a log-sum-exp of -inf.
/// NaN in what a query uses gives NaN.
struct SdpaForward {
    SdpaShape shape;
    ConstHeadView query;  ///< [batch, queries, heads, head_dim]
    ConstHeadView key;    ///< [batch, keys, heads, head_dim]
    ConstHeadView value;  ///< [batch, keys, heads, head_dim]
    HeadView output;      ///< [batch, queries, heads, head_dim]
    float* log_sum_exp;   ///< [batch, heads, queries]: log of the sum over the keys of exp(scaled score)
    float* workspace;     ///< SdpaKernels::workspace(shape) floats
};

/// Gradients of forward, overwritten. Dropout is drawn again. Keys behind the length and queries without a key get
/// zeros.
struct SdpaBackward {
    SdpaShape shape;
    ConstHeadView query, key, value;
    ConstHeadView output;      ///< of forward
    const float* log_sum_exp;  ///< of forward
    ConstHeadView d_output;
    HeadView d_query, d_key, d_value;
    float* workspace;
};

/// The weights themselves, without dropout, for looking at them.
struct SdpaWeights {
    SdpaShape shape;
    ConstHeadView query, key;
    const float* log_sum_exp;  ///< of forward
    float* weights;            ///< [batch, heads, queries, keys]; 0 where a key is masked
    float* workspace;
};

/// Scaled dot-product attention, tile by tile: memory is linear in the number of tokens. The results have the same bits
/// for any number of threads.
struct SdpaKernels {
    void (*forward)(const SdpaForward&);
    void (*backward)(const SdpaBackward&);
    void (*weights)(const SdpaWeights&);
    /// Floats of scratch memory that each of the three needs, with the present number of threads. On the processor it
    /// does not grow with the batch and the heads, nor, beyond a few hundred, with the tokens; on cuda it is one a
    /// query and head, and more for copies in bf16.
    int64_t (*workspace)(const SdpaShape& shape);
};

HEED_KERNELS(SdpaKernels, sdpa);

}  // namespace heed
