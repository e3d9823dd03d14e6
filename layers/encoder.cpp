#include "heed/layers/encoder.h"

#include <string>

#include "heed/core/autograd/checkpoint.h"
#include "heed/core/device/context.h"
#include "heed/layers/observed_attention.h"

namespace heed {

namespace {

void show_hidden(const ForwardState& state, size_t block, const Variable& x) {
    if (state.observer != nullptr) state.observer->hidden(static_cast<int64_t>(block), x.value());
}

Variable attend(EncoderBlock& block, size_t index, const AttentionInput& input, const Variable& stream,
                const ForwardState& state) {
    const bool causal = block.attention->geometry().pattern == AttentionPattern::causal_self;
    return observed_attention(*block.attention, causal ? AttentionPlace::decoder : AttentionPlace::encoder,
                              static_cast<int64_t>(index), input, stream, state);
}

/// Linear in the depth, as timm has it.
double drop_path_of(const EncoderSettings& settings, int64_t index) {
    if (index == 0) return 0.0;
    return settings.drop_path * static_cast<double>(index) / static_cast<double>(settings.depth - 1);
}

}  // namespace

EncoderBlock::EncoderBlock(const EncoderSettings& settings, const AttentionChoice& choice, int64_t index)
    : norm1(settings.dim, settings.norm_epsilon),
      norm2(settings.dim, settings.norm_epsilon),
      attention(choice.make({.dim = settings.dim,
                             .heads = settings.heads,
                             .pattern = settings.pattern,
                             .max_tokens = settings.max_tokens,
                             .rotary_base = settings.rotary_base})),
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

Encoder::Encoder(const EncoderSettings& settings, const StackAttention& attention)
    : placement_(settings.norm), checkpoint_(settings.checkpoint) {
    attention.check_depth(settings.depth, "encoder");
    for (int64_t block = 0; block < settings.depth; ++block) {
        blocks_.push_back(std::make_unique<EncoderBlock>(settings, attention.of(block), block));
        add("layers." + std::to_string(block), *blocks_.back());
    }
    if (placement_ == NormPlacement::pre) {
        norm_ = std::make_unique<LayerNorm>(settings.dim, settings.norm_epsilon);
        add("norm", *norm_);
    }
}

/// The norm in front of a block; behind the last, that of the encoder.
LayerNorm& Encoder::first_norm(size_t block) {
    return block < blocks_.size() ? blocks_[block]->norm1 : *norm_;
}

/// The type of what that norm gives.
DType Encoder::first_normed(size_t block, const Device& device) const {
    return block < blocks_.size() ? blocks_[block]->attention->query_dtype(device) : DType::f32;
}

/// `attend` gives the attention of the block for what enters it.
template <class Attend>
Encoder::Stream Encoder::run_block(size_t index, const Stream& stream, const Attend& attend,
                                   const ForwardState& state) {
    EncoderBlock& block = *blocks_[index];
    const TapeScope scope(stream[0].context(), block.name());
    const bool pre = placement_ == NormPlacement::pre;
    Variable branch = block.drop_path1.forward(attend(stream[pre ? 1 : 0]), state);
    LayerNorm& norm_of_middle = pre ? block.norm2 : block.norm1;
    const Device& device = branch.context().device();
    const DType read_by_mlp = pre ? device.activation_dtype() : DType::f32;
    ResidualLayerNorm middle = norm_of_middle.forward(stream[0], branch, block.dropout1.branch(state), read_by_mlp);
    branch = block.drop_path2.forward(block.mlp.forward(middle.normed), state);
    LayerNorm& norm_of_end = pre ? first_norm(index + 1) : block.norm2;
    const DType read_next = pre ? first_normed(index + 1, device) : DType::f32;
    ResidualLayerNorm end =
        norm_of_end.forward(pre ? middle.sum : middle.normed, branch, block.dropout2.branch(state), read_next);
    if (pre) return {std::move(end.sum), std::move(end.normed)};
    return {std::move(end.normed), Variable()};
}

Variable Encoder::forward(Variable x, const AttentionMask& mask, const ForwardState& state) {
    const bool pre = placement_ == NormPlacement::pre;
    show_hidden(state, 0, x);
    Stream stream = {std::move(x), Variable()};
    if (pre) stream[1] = first_norm(0).forward(stream[0]);
    for (size_t index = 0; index < blocks_.size(); ++index) {
        const auto run = [this, index, mask](const Stream& entering, const ForwardState& run_state) {
            const auto attend_masked = [&](const Variable& query) {
                return attend(*blocks_[index], index, {query, {}, mask}, entering[0], run_state);
            };
            return run_block(index, entering, attend_masked, run_state);
        };
        stream = checkpoint_ ? checkpoint(stream, state, run) : run(stream, state);
        show_hidden(state, index + 1, stream[0]);
    }
    return stream[pre ? 1 : 0];
}

EncoderCache Encoder::make_cache(Context& context, const DecodingStart& start) {
    EncoderCache cache;
    for (const auto& block : blocks_) cache.blocks_.push_back(block->attention->make_cache(context, start));
    return cache;
}

Tensor Encoder::extend(const Tensor& x, EncoderCache& cache) {
    const NoGradient guard(x.context());
    const bool pre = placement_ == NormPlacement::pre;
    Stream stream = {Variable(x), Variable()};
    if (pre) stream[1] = first_norm(0).forward(stream[0]);
    for (size_t index = 0; index < blocks_.size(); ++index) {
        const auto attend_cached = [&](const Variable& entering) {
            return Variable(blocks_[index]->attention->extend(entering.value(), *cache.blocks_[index]));
        };
        stream = run_block(index, stream, attend_cached, {});
    }
    return stream[pre ? 1 : 0].value();
}

int64_t Encoder::multiplies(int64_t tokens) const {
    int64_t count = 0;
    for (const auto& block : blocks_) {
        count += block->attention->multiplies(tokens, tokens) + block->mlp.multiplies(tokens);
    }
    return count;
}

}  // namespace heed
