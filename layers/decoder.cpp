#include "heed/layers/decoder.h"

#include <string>
#include <utility>

#include "heed/core/autograd/checkpoint.h"
#include "heed/core/device/context.h"
#include "heed/layers/observed_attention.h"

namespace heed {

DecoderBlock::DecoderBlock(const DecoderSettings& settings, const AttentionChoice& self, const AttentionChoice& cross)
    : norm1(settings.dim, settings.norm_epsilon),
      norm2(settings.dim, settings.norm_epsilon),
      norm3(settings.dim, settings.norm_epsilon),
      self_attention(self.make(
          {.dim = settings.dim, .heads = settings.heads, .pattern = settings.self, .max_tokens = settings.max_tokens})),
      cross_attention(cross.make({.dim = settings.dim,
                                  .heads = settings.heads,
                                  .pattern = settings.cross,
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

Decoder::Decoder(const DecoderSettings& settings, const StackAttention& self, const StackAttention& cross)
    : placement_(settings.norm), checkpoint_(settings.checkpoint) {
    self.check_depth(settings.depth, "decoder");
    cross.check_depth(settings.depth, "decoder");
    for (int64_t block = 0; block < settings.depth; ++block) {
        blocks_.push_back(std::make_unique<DecoderBlock>(settings, self.of(block), cross.of(block)));
        add("layers." + std::to_string(block), *blocks_.back());
    }
    if (placement_ == NormPlacement::pre) {
        norm_ = std::make_unique<LayerNorm>(settings.dim, settings.norm_epsilon);
        add("norm", *norm_);
    }
}

/// The norm in front of a block; behind the last, that of the decoder.
LayerNorm& Decoder::first_norm(size_t block) {
    return block < blocks_.size() ? blocks_[block]->norm1 : *norm_;
}

/// The type of what that norm gives.
DType Decoder::first_normed(size_t block, const Device& device) const {
    return block < blocks_.size() ? blocks_[block]->self_attention->query_dtype(device) : DType::f32;
}

/// `self` and `cross` give the branch of a block for what enters it and what it is added to.
template <class Self, class Cross>
Decoder::Stream Decoder::run_block(size_t index, const Stream& stream, const Self& self, const Cross& cross,
                                   const ForwardState& state) {
    DecoderBlock& block = *blocks_[index];
    const TapeScope scope(stream[0].context(), block.name());
    if (placement_ == NormPlacement::post) {
        Variable x = block.norm1.forward(stream[0], self(stream[0], stream[0]), block.dropout1.branch(state)).normed;
        x = block.norm2.forward(x, cross(x, x), block.dropout2.branch(state)).normed;
        x = block.norm3.forward(x, block.mlp.forward(x), block.dropout3.branch(state)).normed;
        return {std::move(x), Variable()};
    }
    const Device& device = stream[0].context().device();
    ResidualLayerNorm sum = block.norm2.forward(stream[0], self(stream[1], stream[0]), block.dropout1.branch(state),
                                                block.cross_attention->query_dtype(device));
    sum = block.norm3.forward(sum.sum, cross(sum.normed, sum.sum), block.dropout2.branch(state),
                              device.activation_dtype());
    sum = first_norm(index + 1).forward(sum.sum, block.mlp.forward(sum.normed), block.dropout3.branch(state),
                                        first_normed(index + 1, device));
    return {std::move(sum.sum), std::move(sum.normed)};
}

/// block(index, stream) is what leaves a block.
template <class Block>
Variable Decoder::run(Variable x, const Block& block) {
    const bool pre = placement_ == NormPlacement::pre;
    Stream stream = {std::move(x), Variable()};
    if (pre) stream[1] = first_norm(0).forward(stream[0]);
    for (size_t index = 0; index < blocks_.size(); ++index) stream = block(index, stream);
    return stream[pre ? 1 : 0];
}

Variable Decoder::forward(Variable x, const DecoderInput& input, const ForwardState& state) {
    return run(std::move(x), [&](size_t index, const Stream& stream) {
        const std::array<Variable, 3> entering = {stream[0], stream[1], input.source};
        const auto segment = [this, index, lengths = input.lengths, source_lengths = input.source_lengths,
                              source_places = input.source_places](const std::array<Variable, 3>& inputs,
                                                                   const ForwardState& run_state) {
            const auto attend = [&](Attention& layer, AttentionPlace place, const AttentionInput& attended,
                                    const Variable& added_to) {
                return observed_attention(layer, place, static_cast<int64_t>(index), attended, added_to, run_state);
            };
            const auto self = [&](const Variable& query, const Variable& added_to) {
                return attend(*blocks_[index]->self_attention, AttentionPlace::decoder, {query, {}, {lengths}},
                              added_to);
            };
            const auto cross = [&](const Variable& query, const Variable& added_to) {
                return attend(*blocks_[index]->cross_attention, AttentionPlace::cross,
                              {query, inputs[2], {source_lengths, lengths, source_places}}, added_to);
            };
            return run_block(index, {inputs[0], inputs[1]}, self, cross, run_state);
        };
        return checkpoint_ ? checkpoint(entering, state, segment) : segment(entering, state);
    });
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
    const auto block = [&](size_t index, const Stream& stream) {
        const auto self = [&](const Variable& query, const Variable&) {
            return Variable(blocks_[index]->self_attention->step(query.value(), *cache.blocks_[index].self));
        };
        const auto cross = [&](const Variable& query, const Variable&) {
            return Variable(blocks_[index]->cross_attention->step(query.value(), *cache.blocks_[index].cross));
        };
        return run_block(index, stream, self, cross, {});
    };
    return run(Variable(x), block).value();
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
