#pragma once

#include <string>

#include "heed/attention/linear/feature_attention.h"
#include "heed/attention/types/multi_head.h"

namespace heed {

/// Attention with the parameters of sdpa whose softmax is estimated by a few features of each query and key: the shared
/// body of performer and lara, which differ in the features. Dropout acts on the outputs of the heads.
class RandomFeatureAttention : public MultiHeadAttention {
public:
    /// `label` is what remarks call the type; `features` those of a head.
    RandomFeatureAttention(const AttentionGeometry& geometry, const AttentionOptions& options, const char* label,
                           int64_t features);

    int64_t multiplies(int64_t tokens, int64_t keys) const override;
    double score_share(int64_t tokens, int64_t keys) const override;
    std::string remark(int64_t tokens, int64_t keys) const override;

protected:
    Variable attend(const ScaledDotProduct& heads, const AttentionMask& mask, const ForwardState& state) override;
    Tensor attend_weights(const ScaledDotProduct& heads, const AttentionMask& mask) override;

    /// The heads with the features in the place of queries and keys.
    virtual FeatureAttention with_features(const ScaledDotProduct& heads, const ForwardState& state) = 0;

    int64_t features() const { return features_; }

private:
    const char* label_;
    int64_t features_;
};

}  // namespace heed
