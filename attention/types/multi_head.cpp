#include "heed/attention/types/multi_head.h"

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/elementwise/cast.h"
#include "heed/core/ops/products/linear.h"
#include "heed/core/ops/shapes/copy_rows.h"
#include "heed/core/ops/shapes/permute_heads.h"

namespace heed {

MultiHeadAttention::PackedProjections::PackedProjections(int64_t count, int64_t dim)
    : weight({count * dim, dim}, Initializer::xavier_uniform(), true),
      bias({count * dim}, Initializer::constant(0.0f), false) {}

MultiHeadAttention::MultiHeadAttention(const AttentionGeometry& geometry, const AttentionOptions& options,
                                       Projected projected)
    : Attention(geometry),
      projected_(projected),
      has_bias_(options.bias),
      dropout_(static_cast<float>(options.dropout)),
      query_(cross() ? 1 : 1 + source_projections(), geometry.dim),
      source_(cross() ? source_projections() : 0, geometry.dim),
      output_(geometry.dim, geometry.dim, options.bias) {
    std::vector<std::string> of_source;
    if (projected.key) of_source.emplace_back("key");
    if (projected.value) of_source.emplace_back("value");
    std::vector<std::string> of_query = {"query"};
    if (!cross()) of_query.insert(of_query.end(), of_source.begin(), of_source.end());
    announce(query_, of_query);
    if (cross() && !of_source.empty()) announce(source_, of_source);
    add("output", output_);
    if (geometry.rotary_base > 0.0) rotary_.emplace(geometry.dim / geometry.heads, geometry.rotary_base);
}

void MultiHeadAttention::announce(PackedProjections& projections, const std::vector<std::string>& names) {
    std::vector<std::pair<std::string, int64_t>> weights, biases;
    for (const std::string& name : names) {
        weights.emplace_back(name + ".weight", geometry().dim);
        biases.emplace_back(name + ".bias", geometry().dim);
    }
    add_packed(projections.weight, std::move(weights));
    if (has_bias_) add_packed(projections.bias, std::move(biases));
}

Variable MultiHeadAttention::project(PackedProjections& projections, const Variable& x, DType result) {
    return linear(x, projections.weight.variable(), has_bias_ ? projections.bias.variable() : Variable(), result);
}

Variable MultiHeadAttention::values(const Variable& source, const AttentionMask&) {
    return source;
}

ScaledDotProduct MultiHeadAttention::empty_heads(const AttentionMask& mask) const {
    ScaledDotProduct heads;
    heads.heads = geometry().heads;
    heads.head_dim = geometry().dim / geometry().heads;
    heads.mask = mask;
    return heads;
}

void MultiHeadAttention::set_key_and_value(ScaledDotProduct& heads, const Variable& projection, int64_t first,
                                           const Variable& keys, const Variable& values) const {
    heads.key = projected_.key ? HeadColumns{projection, first} : HeadColumns{keys, 0};
    heads.value = projected_.value ? HeadColumns{projection, first + (projected_.key ? geometry().dim : 0)}
                                   : HeadColumns{values, 0};
}

Variable MultiHeadAttention::rotated_projections(Variable projections, const Tensor& places, int64_t first_place) {
    if (!rotary_) return projections;
    const int64_t heads = geometry().heads * (projected_.key ? 2 : 1);
    return rotary_->rotate(std::move(projections), heads, places, first_place);
}

Variable MultiHeadAttention::rotated_input(const Variable& input, const Tensor& places, int64_t first_place) {
    if (!rotary_ || projected_.key) return input;
    return rotary_->rotate(input, geometry().heads, places, first_place);
}

ScaledDotProduct MultiHeadAttention::heads_of(const AttentionInput& input, int64_t first_place, DType dtype) {
    const Variable& source = source_of(input);
    const Tensor& places = input.mask.key_places;
    const Variable from_query = rotated_projections(project(query_, input.query, dtype), places, first_place);
    const Variable from_source = cross() && source_projections() > 0 ? project(source_, source, dtype) : from_query;
    const Variable plain = source_projections() < 2 ? cast(source, dtype) : Variable();
    ScaledDotProduct heads = empty_heads(input.mask);
    heads.query = {from_query, 0};
    set_key_and_value(heads, from_source, cross() ? 0 : geometry().dim, rotated_input(plain, places, first_place),
                      projected_.value ? Variable() : values(plain, input.mask));
    heads.causal = geometry().pattern == AttentionPattern::causal_self;
    return heads;
}

std::unique_ptr<AttentionCache> MultiHeadAttention::make_causal_cache(Context& context, const DecodingStart& start) {
    if (cross()) {
        const Variable source(start.source);
        const AttentionMask mask{start.source_lengths};
        ScaledDotProduct heads;
        set_key_and_value(heads, source_projections() > 0 ? project(source_, source) : Variable(), 0, source,
                          projected_.value ? Variable() : values(source, mask));
        return std::make_unique<MultiHeadCrossCache>(heads.key, heads.value, start.source_lengths);
    }
    auto cache = std::make_unique<MultiHeadSelfCache>();
    const auto buffer = [&](int64_t width) {
        return TokenBuffer(context, start.batch, width, start.expected_tokens, last_tokens_used());
    };
    if (source_projections() > 0) cache->projected = buffer(source_projections() * geometry().dim);
    if (source_projections() < 2) cache->input = buffer(geometry().dim);
    if (rotary_ && !projected_.key) cache->rotated = buffer(geometry().dim);
    if (mixes_values()) cache->mixed = buffer(geometry().dim);
    return cache;
}

Tensor MultiHeadAttention::causal_step(const Tensor& x, AttentionCache& cache) {
    if (auto* own = dynamic_cast<MultiHeadSelfCache*>(&cache)) return self_step(x, *own);
    if (auto* own = dynamic_cast<MultiHeadCrossCache*>(&cache)) return cross_step(x, *own);
    throw Error("an attention layer was given the cache of another type");
}

Tensor MultiHeadAttention::causal_extend(const Tensor& x, AttentionCache& cache) {
    auto* own = dynamic_cast<MultiHeadSelfCache*>(&cache);
    if (own == nullptr || own->tokens().tokens() > 0) return Attention::causal_extend(x, cache);
    const ScaledDotProduct heads = heads_of({Variable(x), {}, {}});
    if (own->projected) own->projected->append(heads.query.source.value(), geometry().dim);
    if (own->input) own->input->append(x);
    if (own->rotated) own->rotated->append(heads.key.source.value());
    if (own->mixed) own->mixed->append(heads.value.source.value());
    return output_.forward(attend(heads, {}, {})).value();
}

Tensor MultiHeadAttention::self_step(const Tensor& x, MultiHeadSelfCache& cache) {
    const int64_t place = cache.tokens().tokens();
    const Variable projection = rotated_projections(project(query_, Variable(x)), {}, place);
    if (cache.projected) cache.projected->append(projection.value(), geometry().dim);
    if (cache.input) cache.input->append(x);
    if (cache.rotated) cache.rotated->append(rotated_input(Variable(x), {}, place).value());
    if (cache.mixed) append_value(*cache.input, *cache.mixed);
    const auto values_of = [](const std::optional<TokenBuffer>& buffer) {
        return buffer ? Variable(buffer->values()) : Variable();
    };
    ScaledDotProduct heads = empty_heads({equal_lengths(x.context(), cache.tokens().rows(), cache.tokens().kept())});
    heads.query = {projection, 0};
    set_key_and_value(heads, values_of(cache.projected), 0, values_of(cache.rotated ? cache.rotated : cache.input),
                      values_of(cache.mixed ? cache.mixed : cache.input));
    return output_.forward(Variable(attend_step(heads, cache.tokens().tokens(), cache.kept))).value();
}

Tensor MultiHeadAttention::cross_step(const Tensor& x, MultiHeadCrossCache& cache) {
    ScaledDotProduct heads = empty_heads({cache.lengths()});
    heads.query = {Variable(cache.to_sources(project(query_, Variable(x)).value())), 0};
    heads.key = cache.key();
    heads.value = cache.value();
    const Tensor outputs = attend_step(heads, heads.key.source.shape()[1], cache.kept());
    return output_.forward(Variable(cache.to_rows(outputs))).value();
}

void MultiHeadAttention::append_value(const TokenBuffer&, TokenBuffer&) {}

DType MultiHeadAttention::query_dtype(const Device& device) const {
    // Where heads are f32, keys or values that are the query itself would be kept in both types.
    const bool kept_twice = !cross() && source_projections() < 2 && !scaled_dot_product_has_bf16(device);
    return kept_twice ? DType::f32 : device.activation_dtype();
}

DType MultiHeadAttention::type_of_heads(const AttentionInput& input, float dropout) const {
    const Shape &queries = input.query.shape(), &keys = source_of(input).shape();
    if (!is_dense(queries[1], keys[1])) return DType::f32;
    ScaledDotProduct heads = empty_heads(input.mask);
    heads.causal = geometry().pattern == AttentionPattern::causal_self;
    heads.dropout = dropout;
    const bool taken =
        scaled_dot_product_takes_bf16(heads, input.query.context().device(), queries[0], queries[1], keys[1]);
    return taken ? DType::bf16 : DType::f32;
}

Variable MultiHeadAttention::head_outputs(const AttentionInput& input, const ForwardState& state) {
    const float dropout = state.training ? dropout_ : 0.0f;
    ScaledDotProduct attention = heads_of(input, 0, type_of_heads(input, dropout));
    if (dropout > 0.0f) {
        attention.dropout = dropout;
        attention.stream = random_stream(state, RandomPurpose::dropout);
    }
    return attend(attention, input.mask, state);
}

bool MultiHeadAttention::is_dense(int64_t, int64_t) const {
    return false;
}

Variable MultiHeadAttention::attend(const ScaledDotProduct& heads, const AttentionMask&, const ForwardState&) {
    return scaled_dot_product(heads);
}

Tensor MultiHeadAttention::attend_step(const ScaledDotProduct& heads, int64_t, std::unique_ptr<AttentionCache>&) {
    return scaled_dot_product(heads).value();
}

Tensor MultiHeadAttention::weights(const AttentionInput& input) {
    NoGradient guard(input.query.context());
    return attend_weights(heads_of(input), input.mask);
}

Tensor MultiHeadAttention::head_values(const AttentionInput& input) {
    NoGradient guard(input.query.context());
    const HeadColumns columns = heads_of(input).value;
    const Tensor& source = columns.source.value();
    const int64_t batch = source.shape()[0], keys = source.shape()[1], dim = geometry().dim;
    const Tensor values = Tensor::empty(source.context(), {batch, keys, geometry().heads, dim / geometry().heads});
    copy_rows({source, columns.first_column, source.shape()[2]}, {values, 0, dim}, batch * keys, dim);
    return permute_heads(Variable(values)).value();
}

Tensor MultiHeadAttention::attend_weights(const ScaledDotProduct& heads, const AttentionMask&) {
    return scaled_dot_product_weights(heads);
}

int64_t MultiHeadAttention::projection_multiplies(int64_t tokens, int64_t keys) const {
    return (2 * tokens + source_projections() * keys) * geometry().dim * geometry().dim;
}

int64_t MultiHeadAttention::multiplies(int64_t tokens, int64_t keys) const {
    return projection_multiplies(tokens, keys) + 2 * tokens * keys * geometry().dim;
}

}  // namespace heed
