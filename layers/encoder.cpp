#include "heed/layers/encoder.h"

#include <string>

#include "heed/core/context.h"
#include "heed/core/error.h"

namespace heed {

EncoderBlock::EncoderBlock(const EncoderSettings& settings, const AttentionChoice& choice)
    : norm1(settings.dim),
      norm2(settings.dim),
      attention(choice.make({.dim = settings.dim,
                             .heads = settings.heads,
                             .pattern = AttentionPattern::noncausal_self,
                             .max_tokens = settings.max_tokens})),
      mlp(settings.dim, settings.mlp_dim, settings.activation),
      dropout1(settings.dropout),
      dropout2(settings.dropout) {
    add("norm1", norm1);
    add("attention", *attention);
    add("dropout1", dropout1);
    add("norm2", norm2);
    add("mlp", mlp);
    add("dropout2", dropout2);
}

Encoder::Encoder(const EncoderSettings& settings, const AttentionChoice& attention) : placement_(settings.norm) {
    for (int64_t block = 0; block < settings.depth; ++block) {
        blocks_.push_back(std::make_unique<EncoderBlock>(settings, attention));
        add("layers." + std::to_string(block), *blocks_.back());
    }
    if (placement_ == NormPlacement::pre) {
        norm_ = std::make_unique<LayerNorm>(settings.dim);
        add("norm", *norm_);
    }
}

Variable Encoder::forward(Variable x, const AttentionMask& mask, const ForwardState& state) {
    if (placement_ == NormPlacement::post) return forward_post(std::move(x), mask, state, blocks_.size());
    Variable normed;
    forward_pre(std::move(x), mask, state, blocks_.size(), &normed);
    return normed;
}

Variable Encoder::forward_pre(Variable x, const AttentionMask& mask, const ForwardState& state, size_t blocks,
                              Variable* normed) {
    auto first_norm = [&](size_t block) -> LayerNorm& {
        return block < blocks_.size() ? blocks_[block]->norm1 : *norm_;
    };
    *normed = first_norm(0).forward(x);
    for (size_t index = 0; index < blocks; ++index) {
        EncoderBlock& block = *blocks_[index];
        TapeScope scope(x.context(), block.name());
        Variable branch = block.attention->forward({*normed, {}, mask}, state);
        ResidualLayerNorm middle = block.norm2.forward(x, branch, block.dropout1.branch(state));
        branch = block.mlp.forward(middle.normed);
        ResidualLayerNorm end = first_norm(index + 1).forward(middle.sum, branch, block.dropout2.branch(state));
        x = std::move(end.sum);
        *normed = std::move(end.normed);
    }
    return x;
}

Variable Encoder::forward_post(Variable x, const AttentionMask& mask, const ForwardState& state, size_t blocks) {
    for (size_t index = 0; index < blocks; ++index) {
        EncoderBlock& block = *blocks_[index];
        TapeScope scope(x.context(), block.name());
        Variable branch = block.attention->forward({x, {}, mask}, state);
        x = block.norm1.forward(x, branch, block.dropout1.branch(state)).normed;
        branch = block.mlp.forward(x);
        x = block.norm2.forward(x, branch, block.dropout2.branch(state)).normed;
    }
    return x;
}

Tensor Encoder::attention_weights(Variable x, const AttentionMask& mask, int64_t block) {
    if (block < 0 || block >= depth()) {
        throw Error("expected a block in [0, " + std::to_string(depth()) + "), got " + std::to_string(block));
    }
    NoGradient guard(x.context());
    const size_t before = static_cast<size_t>(block);
    Variable input;
    if (placement_ == NormPlacement::post) {
        input = forward_post(std::move(x), mask, {}, before);
    } else {
        forward_pre(std::move(x), mask, {}, before, &input);
    }
    return blocks_[before]->attention->weights({input, {}, mask});
}

int64_t Encoder::multiplies(int64_t tokens) const {
    int64_t count = 0;
    for (const auto& block : blocks_) {
        count += block->attention->multiplies(tokens, tokens) + block->mlp.multiplies(tokens);
    }
    return count;
}

}  // namespace heed
