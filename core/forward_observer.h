#pragma once

#include <span>

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

    /// Whether cross_attention() is to be called.
    virtual bool wants_cross_attention() const { return false; }

    /// The weights of decoder block `block` on the source, without dropout, [batch, heads, tokens, source tokens].
    virtual void cross_attention(int64_t /*block*/, const Tensor& /*weights*/) {}

    /// Whether covered_mass() is to be called: it costs as much as dense attention.
    virtual bool wants_covered_mass() const { return false; }

    /// For each head of block `block`, the share of the dense softmax on the pairs of query and key that its attention
    /// computes. Not called where it computes all.
    virtual void covered_mass(int64_t /*block*/, std::span<const double> /*heads*/) {}
};

}  // namespace heed
