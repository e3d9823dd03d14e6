#pragma once

#include <array>
#include <memory>
#include <vector>

#include "heed/attention/stack_attention.h"
#include "heed/core/module/drop_path.h"
#include "heed/core/module/dropout.h"
#include "heed/layers/block_settings.h"
#include "heed/layers/layer_norm.h"
#include "heed/layers/mlp.h"

namespace heed {

struct EncoderSettings : BlockSettings {
    /// Probability that a sample goes without a branch of the last block; it rises linearly from 0 in the first.
    double drop_path = 0.0;
    /// Self-attention of the blocks: noncausal, or causal for a stack that goes on token by token.
    AttentionPattern pattern = AttentionPattern::noncausal_self;
};

/// One block: attention and MLP, each with a residual connection and a norm.
class EncoderBlock : public Module {
public:
    /// Block number `index` of those that the settings describe.
    EncoderBlock(const EncoderSettings& settings, const AttentionChoice& attention, int64_t index);

    LayerNorm norm1, norm2;
    std::unique_ptr<Attention> attention;
    Mlp mlp;
    Dropout dropout1, dropout2;
    DropPath drop_path1, drop_path2;
};

/// The caches of the attention layers of a stack.
class EncoderCache {
private:
    friend class Encoder;
    std::vector<std::unique_ptr<AttentionCache>> blocks_;
};

/// A stack of blocks: [batch, tokens, dim] -> [batch, tokens, dim]. With pre-norm a last norm follows. Each residual
/// sum is computed together with the norm that comes after it, which may belong to the next block.
class Encoder : public Module {
public:
    /// Throws UserError where `attention` names a layer that there is not.
    Encoder(const EncoderSettings& settings, const StackAttention& attention);

    Variable forward(Variable x, const AttentionMask& mask, const ForwardState& state);

    /// For going on token by token where the pattern is causal.
    EncoderCache make_cache(Context& context, const DecodingStart& start);
    /// The output for more tokens of each row, x [rows, tokens, dim] -> [rows, tokens, dim]; see Attention::extend.
    Tensor extend(const Tensor& x, EncoderCache& cache);

    int64_t depth() const { return static_cast<int64_t>(blocks_.size()); }
    int64_t multiplies(int64_t tokens) const;

private:
    /// What leaves a block: with pre-norm the residual stream and its norm, else the stream alone. What enters is
    /// alike.
    using Stream = std::array<Variable, 2>;
    template <class Attend>
    Stream run_block(size_t index, const Stream& stream, const Attend& attend, const ForwardState& state);
    LayerNorm& first_norm(size_t block);
    DType first_normed(size_t block, const Device& device) const;

    NormPlacement placement_;
    bool checkpoint_;
    std::vector<std::unique_ptr<EncoderBlock>> blocks_;
    std::unique_ptr<LayerNorm> norm_;
};

}  // namespace heed
