#include "heed/attention/linear/cosformer.h"

#include <fmt/core.h>

#include <algorithm>

#include "heed/attention/heads/sdpa_shape.h"
#include "heed/attention/linear/cosine_features.h"
#include "heed/attention/linear/feature_attention.h"
#include "heed/attention/types/multi_head.h"
#include "heed/core/ops/elementwise/dropout.h"

namespace heed {

namespace {

class CosformerAttention final : public MultiHeadAttention {
public:
    CosformerAttention(const AttentionGeometry& geometry, const AttentionOptions& options)
        : MultiHeadAttention(geometry, options, {.key = true, .value = true}) {}

    int64_t multiplies(int64_t tokens, int64_t keys) const override {
        // The sums of keys and what queries take of them, with 2 head_dim features.
        return projection_multiplies(tokens, keys) + (tokens + keys) * features() * geometry().dim;
    }

    double score_share(int64_t tokens, int64_t keys) const override {
        return static_cast<double>((tokens + keys) * features()) /
               static_cast<double>(2 * std::max<int64_t>(tokens * keys, 1));
    }

    std::string remark(int64_t tokens, int64_t keys) const override {
        const double share = score_share(tokens, keys);
        return fmt::format("cosformer multiplies {:.1f} % of what the scores of sdpa need", 100 * share) +
               (share >= 1 ? "; sdpa would need no more" : "");
    }

protected:
    Variable attend(const ScaledDotProduct& heads, const AttentionMask& mask, const ForwardState&) override {
        const Variable outputs = feature_attention(with_features(heads, mask));
        return heads.dropout > 0.0f ? dropout(outputs, heads.dropout, heads.stream) : outputs;
    }

    Tensor attend_weights(const ScaledDotProduct& heads, const AttentionMask& mask) override {
        return feature_attention_weights(with_features(heads, mask));
    }

private:
    int64_t features() const { return 2 * geometry().dim / geometry().heads; }

    FeatureAttention with_features(const ScaledDotProduct& heads, const AttentionMask& mask) const {
        const bool cross = is_cross(geometry().pattern);
        const Tensor& query_lengths = cross ? mask.query_lengths : mask.key_lengths;
        FeatureAttention result;
        result.query = cosine_features({.x = heads.query,
                                        .heads = heads.heads,
                                        .head_dim = heads.head_dim,
                                        .lengths = query_lengths,
                                        .other_tokens = heads.key.source.shape()[1],
                                        .other_lengths = mask.key_lengths});
        result.key = cosine_features({.x = heads.key,
                                      .heads = heads.heads,
                                      .head_dim = heads.head_dim,
                                      .lengths = mask.key_lengths,
                                      .other_tokens = heads.query.source.shape()[1],
                                      .other_lengths = query_lengths});
        result.value = heads.value;
        result.head_dim = heads.head_dim;
        result.key_lengths = mask.key_lengths;
        result.floor = 1e-6f;
        return result;
    }
};

}  // namespace

std::unique_ptr<Attention> make_cosformer(const AttentionGeometry& geometry, const AttentionOptions& options) {
    return std::make_unique<CosformerAttention>(geometry, options);
}

}  // namespace heed
