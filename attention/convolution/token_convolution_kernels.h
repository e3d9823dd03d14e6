#pragma once

#include "heed/attention/heads/head_view.h"
#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// What is computed for each head: see TokenConvolution.
struct TokenConvolutionShape {
    int64_t batch;
    int64_t tokens;
    int64_t heads;
    int64_t head_dim;
    int64_t size;            ///< of a kernel, odd
    const int32_t* lengths;  ///< [batch] or null: tokens behind these count as zero and give zero
};

struct TokenConvolutionForward {
    TokenConvolutionShape shape;
    ConstHeadView x;
    const float* kernel;  ///< [heads, size]
    HeadView y;           ///< overwritten
};

struct TokenConvolutionBackward {
    TokenConvolutionShape shape;
    ConstHeadView x;
    const float* kernel;
    ConstHeadView dy;
    HeadView dx;      ///< added to; data null: not wanted
    float* d_kernel;  ///< [batch, heads, size] of each sample, overwritten; null: not wanted
};

/// The results have the same bits for any number of threads.
struct TokenConvolutionKernels {
    void (*forward)(const TokenConvolutionForward&);
    void (*backward)(const TokenConvolutionBackward&);
};

HEED_KERNELS(TokenConvolutionKernels, token_convolution);

}  // namespace heed
