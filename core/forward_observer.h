#pragma once

#include "heed/core/tensor.h"

namespace heed {

/// Watches what passes through the blocks of a model in a forward pass that carries it (ForwardState::observer).
class ForwardObserver {
public:
    virtual ~ForwardObserver() = default;

    /// The tokens [batch, tokens, dim] behind the first `block` blocks: 0 is what enters block 0. With pre-norm this is
    /// the residual stream, before the norm that follows the last block.
    virtual void hidden(int64_t block, const Tensor& tokens) = 0;

    /// Whether attention() is to be called: the weights are computed for it alone.
    virtual bool wants_attention() const = 0;

    /// The weights of block `block` without dropout, [batch, heads, tokens, keys].
    virtual void attention(int64_t block, const Tensor& weights) = 0;
};

}  // namespace heed
