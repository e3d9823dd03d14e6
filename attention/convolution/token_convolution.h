#pragma once

#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/core/autograd/variable.h"

namespace heed {

struct TokenConvolution {
    HeadColumns x;
    int64_t heads = 1;
    int64_t head_dim = 1;
    Variable kernel;      ///< [heads, size], size odd
    Tensor lengths = {};  ///< of real tokens, i32 [batch]; undefined: all
};

/// A convolution over the tokens with a kernel for each head, which all components of the head share (the depthwise
/// convolution of Nystromformer, Xiong et al., AAAI 2021): y_t = sum over places i of kernel[h, i] x_(t + i - (size -
/// 1) / 2), [batch, tokens, heads * head_dim]. Tokens before the first and behind the last real one count as zero, and
/// tokens behind the lengths give zero. Saves x and the kernel.
Variable token_convolution(const TokenConvolution& convolution);

}  // namespace heed
