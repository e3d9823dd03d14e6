#include "heed/attention/multi_head.h"

#include "heed/core/context.h"
#include "heed/core/ops/linear.h"

namespace heed {

MultiHeadAttention::Projection::Projection(int64_t kernels, int64_t dim)
    : weight({kernels * dim, dim}, Initializer::xavier_uniform(), true),
      bias({kernels * dim}, Initializer::constant(0.0f), false) {}

MultiHeadAttention::MultiHeadAttention(const AttentionGeometry& geometry, const AttentionOptions& options,
                                       Kernels kernels)
    : Attention(geometry),
      kernels_(kernels),
      has_bias_(options.bias),
      dropout_(static_cast<float>(options.dropout)),
      query_(cross() ? 1 : 1 + source_kernels(), geometry.dim),
      source_(cross() ? source_kernels() : 0, geometry.dim),
      output_(geometry.dim, geometry.dim, options.bias) {
    std::vector<std::string> of_source;
    if (kernels.key) of_source.emplace_back("key");
    if (kernels.value) of_source.emplace_back("value");
    std::vector<std::string> of_query = {"query"};
    if (!cross()) of_query.insert(of_query.end(), of_source.begin(), of_source.end());
    announce(query_, of_query);
    if (cross() && !of_source.empty()) announce(source_, of_source);
    add("output", output_);
}

void MultiHeadAttention::announce(Projection& projection, const std::vector<std::string>& names) {
    std::vector<std::pair<std::string, int64_t>> weights, biases;
    for (const std::string& name : names) {
        weights.emplace_back(name + ".weight", geometry().dim);
        biases.emplace_back(name + ".bias", geometry().dim);
    }
    add_packed(projection.weight, std::move(weights));
    if (has_bias_) add_packed(projection.bias, std::move(biases));
}

Variable MultiHeadAttention::project(Projection& projection, const Variable& x) {
    return linear(x, projection.weight.variable(), has_bias_ ? projection.bias.variable() : Variable());
}

Variable MultiHeadAttention::values(const Variable& source, const AttentionMask&) {
    return source;
}

ScaledDotProduct MultiHeadAttention::heads_of(const AttentionInput& input) {
    const Variable& source = source_of(input);
    const int64_t dim = geometry().dim;
    const Variable from_query = project(query_, input.query);
    const Variable from_source = cross() && source_kernels() > 0 ? project(source_, source) : from_query;
    int64_t column = cross() ? 0 : dim;
    ScaledDotProduct attention;
    attention.query = {from_query, 0};
    attention.key = {source, 0};
    if (kernels_.key) {
        attention.key = {from_source, column};
        column += dim;
    }
    attention.value = kernels_.value ? HeadColumns{from_source, column} : HeadColumns{values(source, input.mask), 0};
    attention.heads = geometry().heads;
    attention.head_dim = dim / geometry().heads;
    attention.mask = input.mask;
    attention.causal = geometry().pattern == AttentionPattern::causal_self;
    return attention;
}

Variable MultiHeadAttention::forward(const AttentionInput& input, const ForwardState& state) {
    ScaledDotProduct attention = heads_of(input);
    if (state.training && dropout_ > 0.0f) {
        attention.dropout = dropout_;
        attention.stream = random_stream(state, RandomPurpose::dropout);
    }
    return output_.forward(attend(attention, input.mask, state));
}

Variable MultiHeadAttention::attend(const ScaledDotProduct& heads, const AttentionMask&, const ForwardState&) {
    return scaled_dot_product(heads);
}

Tensor MultiHeadAttention::weights(const AttentionInput& input) {
    NoGradient guard(input.query.context());
    return attend_weights(heads_of(input), input.mask);
}

Tensor MultiHeadAttention::attend_weights(const ScaledDotProduct& heads, const AttentionMask&) {
    return scaled_dot_product_weights(heads);
}

int64_t MultiHeadAttention::projection_multiplies(int64_t tokens, int64_t keys) const {
    return (2 * tokens + source_kernels() * keys) * geometry().dim * geometry().dim;
}

int64_t MultiHeadAttention::multiplies(int64_t tokens, int64_t keys) const {
    return projection_multiplies(tokens, keys) + 2 * tokens * keys * geometry().dim;
}

}  // namespace heed
