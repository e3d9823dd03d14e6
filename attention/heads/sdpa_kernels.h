#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"
#include "heed/core/random/random_stream.h"

// Included by kernels that are compiled once per instruction set: functions here must always be inlined.

namespace heed {

/// The heads of a query, key or value in place: component c of head h of token t of sample b is
/// data[b * batch_stride + t * token_stride + h * head_stride + c]. Strides count floats. So slices of a packed
/// projection [batch, tokens, 3, heads, head_dim] and plain [batch, tokens, heads * head_dim] need no copy.
struct HeadView {
    float* data;
    int64_t batch_stride;
    int64_t token_stride;
    int64_t head_stride;
};

/// A HeadView that is only read.
struct ConstHeadView {
    const float* data;
    int64_t batch_stride;
    int64_t token_stride;
    int64_t head_stride;
};

/// A view may always be read.
[[gnu::always_inline]] inline ConstHeadView as_const(const HeadView& view) {
    return {view.data, view.batch_stride, view.token_stride, view.head_stride};
}

/// Most components that a head may have.
inline constexpr int64_t largest_head_dim = 512;

/// What is computed: W = softmax(scale * Q K^T + mask) for every sample and head.
struct SdpaShape {
    int64_t batch;
    int64_t heads;
    int64_t queries;
    int64_t keys;
    int64_t head_dim;  ///< 1 .. largest_head_dim
    float scale;
    /// Query t uses keys <= t + (keys - queries): the last query is aligned with the last key.
    bool causal = false;
    /// [batch] or null: sample b has key_lengths[b] keys, 0 .. keys; what stands behind them has no influence at all.
    const int32_t* key_lengths = nullptr;
    /// Probability, 0 <= dropout < 1, with which a weight is set to 0; the others are divided by 1 - dropout.
    float dropout = 0;
    /// The weight of head h, query i and key j has the random word of element sdpa_dropout_element(...) of its sample.
    RandomStream random = {};
};

/// Place of a weight among the random numbers of a sample. Neighbouring queries of one key are neighbours, and every
/// key starts at a multiple of 64, as the vectorised generator wants it.
[[gnu::always_inline]] inline int64_t sdpa_dropout_element(const SdpaShape& shape, int64_t head, int64_t query,
                                                           int64_t key) {
    return (head * shape.keys + key) * ((shape.queries + 63) / 64 * 64) + query;
}

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
    /// Floats of scratch memory that each of the three needs, with the present number of threads. It does not grow with
    /// the batch and the heads, nor, beyond a few hundred, with the tokens.
    int64_t (*workspace)(const SdpaShape& shape);
};

HEED_KERNELS(SdpaKernels, sdpa);

}  // namespace heed
