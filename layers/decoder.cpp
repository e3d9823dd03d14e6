#include "heed/layers/decoder.h"

#include <string>
#include <utility>

#include "heed/core/device/context.h"
#include "heed/layers/observed_attention.h"

namespace heed {

DecoderBlock::DecoderBlock(const DecoderSettings& settings, const AttentionChoice& self, const AttentionChoice& cross)
    : norm1(settings.dim),
      norm2(settings.dim),
      norm3(settings.dim),
      self_attention(self.make({.dim = settings.dim,
                                .heads = settings.heads,
                                .pattern = AttentionPattern::causal_self,
                                .max_tokens = settings.max_tokens})),
      cross_attention(cross.make({.dim = settings.dim,
                                  .heads = settings.heads,
                                  .pattern = AttentionPattern::causal_cross,
                                  .max_tokens = settings.max_tokens,
                                  .max_source_tokens = settings.max_source_tokens})),
      mlp(settings.dim, settings.mlp_dim, settings.activation),
      dropout1(settings.dropout),
      dropout2(settings.dropout),
      dropout3(settings.dropout) {
    add("norm1", norm1);
    add("self_attention", *self_attention);
    add("dropout1", dropout1);
    add("norm2", norm2);
    add("cross_attention", *cross_attention);
    add("dropout2", dropout2);
    add("norm3", norm3);
    add("mlp", mlp);
    add("dropout3", dropout3);
}

void DecoderCache::reorder(std::span<const int32_t> rows) {
    for (Block& block : blocks_) {
        block.self->reorder(rows);
        block.cross->reorder(rows);
    }
}

Decoder::Decoder(const DecoderSettings& settings, const AttentionChoice& self, const AttentionChoice& cross)
    : placement_(settings.norm) {
    for (int64_t block = 0; block < settings.depth; ++block) {
        blocks_.push_back(std::make_unique<DecoderBlock>(settings, self, cross));
        add("layers." + std::to_string(block), *blocks_.back());
    }
    if (placement_ == NormPlacement::pre) {
        norm_ = std::make_unique<LayerNorm>(settings.dim);
        add("norm", *norm_);
    }
}

/// `self` and `cross` give the branch of block number `index` for what enters it.
template <class Self, class Cross>
Variable Decoder::run(Variable x, const ForwardState& state, const Self& self, const Cross& cross) {
    if (placement_ == NormPlacement::post) {
        for (size_t index = 0; index < blocks_.size(); ++index) {
            DecoderBlock& block = *blocks_[index];
            TapeScope scope(x.context(), block.name());
            x = block.norm1.forward(x, self(index, x), block.dropout1.branch(state)).normed;
            x = block.norm2.forward(x, cross(index, x), block.dropout2.branch(state)).normed;
            x = block.norm3.forward(x, block.mlp.forward(x), block.dropout3.branch(state)).normed;
        }
        return x;
    }
    const auto first_norm = [&](size_t block) -> LayerNorm& {
        return block < blocks_.size() ? blocks_[block]->norm1 : *norm_;
    };
    Variable normed = first_norm(0).forward(x);
    for (size_t index = 0; index < blocks_.size(); ++index) {
        DecoderBlock& block = *blocks_[index];
        TapeScope scope(x.context(), block.name());
        ResidualLayerNorm sum = block.norm2.forward(x, self(index, normed), block.dropout1.branch(state));
        sum = block.norm3.forward(sum.sum, cross(index, sum.normed), block.dropout2.branch(state));
        sum = first_norm(index + 1).forward(sum.sum, block.mlp.forward(sum.normed), block.dropout3.branch(state));
        x = std::move(sum.sum);
        normed = std::move(sum.normed);
    }
    return normed;
}

Variable Decoder::forward(Variable x, const DecoderInput& input, const ForwardState& state) {
    const auto self = [&](size_t index, const Variable& query) {
        return observed_attention(*blocks_[index]->self_attention, AttentionPlace::decoder, static_cast<int64_t>(index),
                                  {query, {}, {input.lengths}}, state);
    };
    const auto cross = [&](size_t index, const Variable& query) {
        return observed_attention(*blocks_[index]->cross_attention, AttentionPlace::cross, static_cast<int64_t>(index),
                                  {query, input.memory, {input.source_lengths, input.lengths}}, state);
    };
    return run(std::move(x), state, self, cross);
}

DecoderCache Decoder::make_cache(Context& context, const DecodingStart& start) {
    DecodingStart without_source = start;
    without_source.source = without_source.source_lengths = Tensor();
    DecoderCache cache;
    for (const auto& block : blocks_) {
        cache.blocks_.push_back({block->self_attention->make_cache(context, without_source),
                                 block->cross_attention->make_cache(context, start)});
    }
    return cache;
}

Tensor Decoder::step(const Tensor& x, DecoderCache& cache) {
    const NoGradient guard(x.context());
    const auto self = [&](size_t index, const Variable& query) {
        return Variable(blocks_[index]->self_attention->step(query.value(), *cache.blocks_[index].self));
    };
    const auto cross = [&](size_t index, const Variable& query) {
        return Variable(blocks_[index]->cross_attention->step(query.value(), *cache.blocks_[index].cross));
    };
    return run(Variable(x), {}, self, cross).value();
}

int64_t Decoder::multiplies(int64_t tokens, int64_t source_tokens) const {
    int64_t count = 0;
    for (const auto& block : blocks_) {
        count += block->self_attention->multiplies(tokens, tokens) +
                 block->cross_attention->multiplies(tokens, source_tokens) + block->mlp.multiplies(tokens);
    }
    return count;
}

}  // namespace heed
