#pragma once

#include <array>
#include <memory>
#include <vector>

#include "heed/attention/stack_attention.h"
#include "heed/core/module/dropout.h"
#include "heed/layers/block_settings.h"
#include "heed/layers/encoder.h"
#include "heed/layers/layer_norm.h"
#include "heed/layers/mlp.h"

namespace heed {

struct DecoderSettings : BlockSettings {
    DecoderSettings() { activation = Activation::relu; }

    int64_t max_source_tokens = 0;
    /// Of the blocks: causal for a stack that says a token after the other.
    AttentionPattern self = AttentionPattern::causal_self;
    AttentionPattern cross = AttentionPattern::causal_cross;
};

/// One block: self-attention, cross-attention and MLP, each with a residual connection and a norm.
class DecoderBlock : public Module {
public:
    DecoderBlock(const DecoderSettings& settings, const AttentionChoice& self, const AttentionChoice& cross);

    LayerNorm norm1, norm2, norm3;
    std::unique_ptr<Attention> self_attention, cross_attention;
    Mlp mlp;
    Dropout dropout1, dropout2, dropout3;
};

/// What a decoder reads beside its tokens.
struct DecoderInput {
    Tensor lengths;             ///< of real tokens, i32 [batch]; undefined: all are
    Variable source;            ///< the encoder's output [batch, source tokens, dim]
    Tensor source_lengths;      ///< of real source tokens, i32 [batch]; undefined: all are
    Tensor source_places = {};  ///< AttentionMask::key_places of the source
};

/// The caches of a decoder's attention layers.
class DecoderCache {
public:
    /// Row b continues what row rows[b] was.
    void reorder(std::span<const int32_t> rows);

private:
    friend class Decoder;
    struct Block {
        std::unique_ptr<AttentionCache> self, cross;
    };
    std::vector<Block> blocks_;
};

/// A stack of blocks: [batch, tokens, dim] -> [batch, tokens, dim]; in causal patterns output t depends on tokens up to
/// t and on the whole source. With pre-norm a last norm follows. Residual sums are computed together with the norm that
/// comes after them.
class Decoder : public Module {
public:
    /// Throws UserError where `self` or `cross` names a layer that there is not.
    Decoder(const DecoderSettings& settings, const StackAttention& self, const StackAttention& cross);

    Variable forward(Variable x, const DecoderInput& input, const ForwardState& state);

    /// For decoding token by token; the source is projected here, once for each layer.
    DecoderCache make_cache(Context& context, const DecodingStart& start);
    /// The output for one more token of each row, x [rows, 1, dim] -> [rows, 1, dim].
    Tensor step(const Tensor& x, DecoderCache& cache);

    /// Multiply-adds of a forward pass over one pair.
    int64_t multiplies(int64_t tokens, int64_t source_tokens) const;

private:
    /// What leaves a block: with pre-norm the residual stream and its norm, else the stream alone.
    using Stream = std::array<Variable, 2>;
    template <class Self, class Cross>
    Stream run_block(size_t index, const Stream& stream, const Self& self, const Cross& cross,
                     const ForwardState& state);
    template <class Block>
    Variable run(Variable x, const Block& block);
    LayerNorm& first_norm(size_t block);
    DType first_normed(size_t block, const Device& device) const;

    NormPlacement placement_;
    bool checkpoint_;
    std::vector<std::unique_ptr<DecoderBlock>> blocks_;
    std::unique_ptr<LayerNorm> norm_;
};

}  // namespace heed
