#pragma once

#include "heed/attention/heads/head_view.h"
#include "heed/attention/heads/sdpa_shape.h"
#include "heed/core/kernels/kernel_table.h"
#include "heed/core/tensor/bf16.h"

namespace heed {

/// What is read: queries [batch, queries, heads, head_dim], keys and values [batch, keys, heads, head_dim].
template <class Element>
struct SdpaInputs {
    SdpaShape shape;
    BasicHeadView<const Element> query, key, value;
};

/// Output = dropout(W) V. A query without any key (or with scores of -inf alone) gives zeros and a log-sum-exp of -inf.
/// NaN in what a query uses gives NaN.
template <class Element>
struct BasicSdpaForward : SdpaInputs<Element> {
    BasicHeadView<Element> output;  ///< [batch, queries, heads, head_dim]
    float* log_sum_exp;             ///< [batch, heads, queries]: log of the sum over the keys of exp(scaled score)
    float* workspace;               ///< SdpaKernels::workspace(shape) floats, workspace_bf16(inputs)
};
using SdpaForward = BasicSdpaForward<float>;

/// Gradients of forward, overwritten. Dropout is drawn again. Keys behind the length and queries without a key get
/// zeros.
template <class Element>
struct BasicSdpaBackward : SdpaInputs<Element> {
    BasicHeadView<const Element> output;  ///< of forward
    const float* log_sum_exp;             ///< of forward
    BasicHeadView<const Element> d_output;
    BasicHeadView<Element> d_query, d_key, d_value;
    float* workspace;
};
using SdpaBackward = BasicSdpaBackward<float>;

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

    /// Whether all of it may be of bf16 in memory; null: in no shape. The three below are there where this is.
    bool (*takes_bf16)(const SdpaShape& shape) = nullptr;
    void (*forward_bf16)(const BasicSdpaForward<Bf16>&) = nullptr;
    void (*backward_bf16)(const BasicSdpaBackward<Bf16>&) = nullptr;
    int64_t (*workspace_bf16)(const SdpaInputs<Bf16>& inputs) = nullptr;
};

HEED_KERNELS(SdpaKernels, sdpa);

}  // namespace heed
