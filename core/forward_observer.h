#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "heed/core/tensor/tensor.h"

namespace heed {

/// Where an attention layer stands: self-attention of an encoder (all of an image model's or text classifier's),
/// self-attention of a decoder, or cross-attention from a decoder to what the encoder made.
enum class AttentionPlace : uint8_t { encoder, decoder, cross };

/// What an attention layer is given.
struct AttentionTokens {
    Tensor query;          ///< [batch, tokens, dim]
    Tensor source;         ///< [batch, source tokens, dim] in cross-attention, else undefined
    Tensor key_lengths;    ///< i32 [batch], or undefined: all keys are real
    Tensor query_lengths;  ///< the same of the queries in cross-attention
    Tensor stream;         ///< [batch, tokens, dim]: what the layer's output is added to
};

/// The heads of an attention layer in a pass.
struct AttentionHeads {
    AttentionPlace place = AttentionPlace::encoder;
    int64_t block = 0;
    bool causal = false;  ///< query i uses keys <= i alone
    Tensor weights;       ///< [batch, heads, queries, keys], without dropout
    Tensor values;        ///< [batch, heads, keys, value dim]: what the weights mix
};

/// Watches what passes through the blocks of a model in a forward pass that carries it (ForwardState::observer). Blocks
/// of encoder and decoder are counted from 0 each.
class ForwardObserver {
public:
    virtual ~ForwardObserver() = default;

    /// The tokens [batch, tokens, dim] behind the first `block` blocks of an encoder: 0 is what enters block 0. With
    /// pre-norm this is the residual stream, before the norm that follows the last block.
    virtual void hidden(int64_t block, const Tensor& tokens) = 0;

    /// Whether attention() is to be called for a place: the weights are computed for it alone.
    virtual bool wants_attention(AttentionPlace place) const = 0;

    /// The weights of block `block` without dropout, [batch, heads, tokens, keys]. Not called for a layer whose type
    /// has none, as heads() is not.
    virtual void attention(AttentionPlace place, int64_t block, const Tensor& weights) = 0;

    /// Whether heads() is to be called for a place.
    virtual bool wants_heads(AttentionPlace /*place*/) const { return false; }

    /// The heads of a layer, before they are used. A result of the shape of the weights takes their place: the outputs
    /// of the heads are then these weights times the values, without dropout, and no gradient flows through them. An
    /// undefined one leaves the layer as it is.
    virtual Tensor heads(const AttentionHeads& /*heads*/) { return {}; }

    /// Whether head_gradient() is to be called. The observer then has to live until backward, in which no block runs
    /// again for want of its activations.
    virtual bool wants_head_gradients() const { return false; }

    /// In backward, the gradient of the outputs of the heads of block `block` side by side, before the output
    /// projection: [batch, queries, heads * value dim]. That of the weights of a head is its part times the values,
    /// transposed.
    virtual void head_gradient(AttentionPlace /*place*/, int64_t /*block*/, const Tensor& /*gradient*/) {}

    /// Whether covered_mass() is to be called: it costs as much as dense attention.
    virtual bool wants_covered_mass() const { return false; }

    /// For each head of block `block`, the share of the dense softmax on the pairs of query and key that its attention
    /// computes. Not called where it computes all.
    virtual void covered_mass(AttentionPlace /*place*/, int64_t /*block*/, std::span<const double> /*heads*/) {}

    /// What the attention layer of that name (Module::name) is about to work on.
    virtual void attention_input(const std::string& /*layer*/, const AttentionTokens& /*tokens*/) {}
};

}  // namespace heed
