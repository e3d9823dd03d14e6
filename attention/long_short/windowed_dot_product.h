#pragma once

#include "heed/attention/long_short/window_layout.h"
#include "heed/core/autograd/variable.h"
#include "heed/core/random/random_stream.h"

namespace heed {

struct WindowedDotProduct {
    Variable query, key, value;         ///< [batch, tokens, heads * head_dim]
    Variable memory_key, memory_value;  ///< [batch, layout.memory(), heads * head_dim]; undefined where that is 0
    int64_t heads = 1;
    WindowLayout layout;
    Tensor lengths;  ///< of real tokens, i32 [batch], or undefined
    float dropout = 0.0f;
    RandomStream stream;
};

/// softmax(q [memory keys; window keys]^T / sqrt(head_dim) + mask) [memory values; window values], one softmax over
/// both, for each head: [batch, tokens, heads * head_dim] (Zhu et al., NeurIPS 2021, equation 5). Padded tokens are no
/// keys; a sample without tokens gives zeros. Work and memory grow with layout.pairs(); keys are put together block by
/// block, forward and backward. Saves its inputs, the output and the log-sum-exp of each row of scores.
Variable windowed_dot_product(const WindowedDotProduct& attention);

}  // namespace heed
