#include "heed/layers/encoder.h"

#include <string>

#include "heed/core/device/context.h"
#include "heed/layers/observed_attention.h"

namespace heed {

namespace {

void show_hidden(const ForwardState& state, size_t block, const Variable& x) {
    if (state.observer != nullptr) state.observer->hidden(static_cast<int64_t>(block), x.value());
}

Variable attend(EncoderBlock& block, size_t index, const AttentionInput& input, const ForwardState& state) {
    return observed_attention(*block.attention, AttentionPlace::encoder, static_cast<int64_t>(index), input, state);
}

/// Linear in the depth, as timm has it.
double drop_path_of(const EncoderSettings& settings, int64_t index) {
    if (index == 0) return 0.0;
    return settings.drop_path * static_cast<double>(index) / static_cast<double>(settings.depth - 1);
}

}  // namespace

EncoderBlock::EncoderBlock(const EncoderSettings& settings, const AttentionChoice& choice, int64_t index)
    : norm1(settings.dim),
      norm2(settings.dim),
      attention(choice.make({.dim = settings.dim,
                             .heads = settings.heads,
                             .pattern = AttentionPattern::noncausal_self,
                             .max_tokens = settings.max_tokens})),
      mlp(settings.dim, settings.mlp_dim, settings.activation),
      dropout1(settings.dropout),
      dropout2(settings.dropout),
      drop_path1(drop_path_of(settings, index)),
      drop_path2(drop_path_of(settings, index)) {
    add("norm1", norm1);
    add("attention", *attention);
    add("dropout1", dropout1);
    add("drop_path1", drop_path1);
    add("norm2", norm2);
    add("mlp", mlp);
    add("dropout2", dropout2);
    add("drop_path2", drop_path2);
}

Encoder::Encoder(const EncoderSettings& settings, const AttentionChoice& attention) : placement_(settings.norm) {
    for (int64_t block = 0; block < settings.depth; ++block) {
        blocks_.push_back(std::make_unique<EncoderBlock>(settings, attention, block));
        add("layers." + std::to_string(block), *blocks_.back());
    }
    if (placement_ == NormPlacement::pre) {
        norm_ = std::make_unique<LayerNorm>(settings.dim);
        add("norm", *norm_);
    }
}

Variable Encoder::forward(Variable x, const AttentionMask& mask, const ForwardState& state) {
    return placement_ == NormPlacement::pre ? forward_pre(std::move(x), mask, state)
                                            : forward_post(std::move(x), mask, state);
}

Variable Encoder::forward_pre(Variable x, const AttentionMask& mask, const ForwardState& state) {
    auto first_norm = [&](size_t block) -> LayerNorm& {
        return block < blocks_.size() ? blocks_[block]->norm1 : *norm_;
    };
    show_hidden(state, 0, x);
    Variable normed = first_norm(0).forward(x);
    for (size_t index = 0; index < blocks_.size(); ++index) {
        EncoderBlock& block = *blocks_[index];
        TapeScope scope(x.context(), block.name());
        Variable branch = block.drop_path1.forward(attend(block, index, {normed, {}, mask}, state), state);
        ResidualLayerNorm middle = block.norm2.forward(x, branch, block.dropout1.branch(state));
        branch = block.drop_path2.forward(block.mlp.forward(middle.normed), state);
        ResidualLayerNorm end = first_norm(index + 1).forward(middle.sum, branch, block.dropout2.branch(state));
        x = std::move(end.sum);
        normed = std::move(end.normed);
        show_hidden(state, index + 1, x);
    }
    return normed;
}

Variable Encoder::forward_post(Variable x, const AttentionMask& mask, const ForwardState& state) {
    show_hidden(state, 0, x);
    for (size_t index = 0; index < blocks_.size(); ++index) {
        EncoderBlock& block = *blocks_[index];
        TapeScope scope(x.context(), block.name());
        Variable branch = block.drop_path1.forward(attend(block, index, {x, {}, mask}, state), state);
        x = block.norm1.forward(x, branch, block.dropout1.branch(state)).normed;
        branch = block.drop_path2.forward(block.mlp.forward(x), state);
        x = block.norm2.forward(x, branch, block.dropout2.branch(state)).normed;
        show_hidden(state, index + 1, x);
    }
    return x;
}

int64_t Encoder::multiplies(int64_t tokens) const {
    int64_t count = 0;
    for (const auto& block : blocks_) {
        count += block->attention->multiplies(tokens, tokens) + block->mlp.multiplies(tokens);
    }
    return count;
}

}  // namespace heed
