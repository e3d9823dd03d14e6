#include "heed/attention/linear/random_feature_attention.h"

#include <fmt/core.h>

#include <algorithm>

#include "heed/core/ops/elementwise/dropout.h"

namespace heed {

RandomFeatureAttention::RandomFeatureAttention(const AttentionGeometry& geometry, const AttentionOptions& options,
                                               const char* label, int64_t features)
    : MultiHeadAttention(geometry, options, {.key = true, .value = true}), label_(label), features_(features) {}

int64_t RandomFeatureAttention::multiplies(int64_t tokens, int64_t keys) const {
    // Features and sums.
    return projection_multiplies(tokens, keys) + 2 * (tokens + keys) * features_ * geometry().dim;
}

double RandomFeatureAttention::score_share(int64_t tokens, int64_t keys) const {
    return static_cast<double>((tokens + keys) * features_) / static_cast<double>(std::max<int64_t>(tokens * keys, 1));
}

std::string RandomFeatureAttention::remark(int64_t tokens, int64_t keys) const {
    const double share = score_share(tokens, keys);
    return fmt::format("{} computes {} features of each query and key, {:.1f} % of the scores of sdpa", label_,
                       features_, 100 * share) +
           (share >= 1 ? "; sdpa would compute no more" : "");
}

Variable RandomFeatureAttention::attend(const ScaledDotProduct& heads, const AttentionMask&,
                                        const ForwardState& state) {
    const Variable outputs = feature_attention(with_features(heads, state));
    return heads.dropout > 0.0f ? dropout(outputs, heads.dropout, heads.stream) : outputs;
}

Tensor RandomFeatureAttention::attend_weights(const ScaledDotProduct& heads, const AttentionMask&) {
    return feature_attention_weights(with_features(heads, {}));
}

}  // namespace heed
