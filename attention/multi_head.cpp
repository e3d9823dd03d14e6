#include "heed/attention/multi_head.h"

#include "heed/core/context.h"
#include "heed/core/ops/linear.h"

namespace heed {

namespace {

std::vector<std::pair<std::string, int64_t>> part_names(MultiHeadAttention::Kernels kernels, const char* suffix,
                                                        int64_t rows) {
    std::vector<std::pair<std::string, int64_t>> parts = {{std::string("query.") + suffix, rows}};
    if (kernels.key) parts.emplace_back(std::string("key.") + suffix, rows);
    if (kernels.value) parts.emplace_back(std::string("value.") + suffix, rows);
    return parts;
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(const AttentionGeometry& geometry, const AttentionOptions& options,
                                       Kernels kernels)
    : dim_(geometry.dim),
      heads_(geometry.heads),
      kernels_(kernels),
      has_bias_(options.bias),
      dropout_(static_cast<float>(options.dropout)),
      weight_({projections() * dim_, dim_}, Initializer::xavier_uniform(), true),
      bias_({projections() * dim_}, Initializer::constant(0.0f), false),
      output_(dim_, dim_, options.bias) {
    add_packed(weight_, part_names(kernels, "weight", dim_));
    if (has_bias_) add_packed(bias_, part_names(kernels, "bias", dim_));
    add("output", output_);
}

ScaledDotProduct MultiHeadAttention::heads_of(const Variable& x, const AttentionMask& mask) {
    Variable projected = linear(x, weight_.variable(), has_bias_ ? bias_.variable() : Variable());
    ScaledDotProduct attention;
    int64_t column = 0;
    attention.query = {projected, column};
    attention.key = kernels_.key ? HeadColumns{projected, column += dim_} : HeadColumns{x, 0};
    attention.value = kernels_.value ? HeadColumns{projected, column += dim_} : HeadColumns{x, 0};
    attention.heads = heads_;
    attention.head_dim = dim_ / heads_;
    attention.mask = mask;
    return attention;
}

Variable MultiHeadAttention::forward(const Variable& x, const AttentionMask& mask, const ForwardState& state) {
    ScaledDotProduct attention = heads_of(x, mask);
    if (state.training && dropout_ > 0.0f) {
        attention.dropout = dropout_;
        attention.stream = random_stream(state, RandomPurpose::dropout);
    }
    return output_.forward(scaled_dot_product(attention));
}

Tensor MultiHeadAttention::weights(const Variable& x, const AttentionMask& mask) {
    NoGradient guard(x.context());
    return scaled_dot_product_weights(heads_of(x, mask));
}

int64_t MultiHeadAttention::multiplies(int64_t tokens) const {
    return tokens * dim_ * dim_ * (projections() + 1) + 2 * tokens * tokens * dim_;
}

}  // namespace heed
