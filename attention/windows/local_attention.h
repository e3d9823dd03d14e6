#pragma once

#include <memory>
#include <string>
#include <vector>

#include "heed/attention/types/multi_head.h"

namespace heed {

struct LocalOptions : AttentionOptions {
    int64_t window = 16;

    void describe(Fields& fields) override;
};

/// Attention within a window (local attention of CAB, Zhang et al., ICML 2023; Luong et al., 2015, section 3.2): sdpa
/// whose query t uses the keys t - w .. t + w, in causal self-attention t - w + 1 .. t, with the parameters of sdpa. A
/// query whose window holds padding alone gives zeros. Work and memory grow with tokens * w; with w of all tokens the
/// layer is sdpa, to the bit.
class LocalAttention : public MultiHeadAttention {
public:
    LocalAttention(const AttentionGeometry& geometry, const LocalOptions& options);

    int64_t multiplies(int64_t tokens, int64_t keys) const override;
    double score_share(int64_t tokens, int64_t keys) const override;
    std::string remark(int64_t tokens, int64_t keys) const override;
    std::vector<double> covered_mass(const AttentionInput& input) override;

protected:
    Variable attend(const ScaledDotProduct& heads, const AttentionMask& mask, const ForwardState& state) override;
    Tensor attend_weights(const ScaledDotProduct& heads, const AttentionMask& mask) override;
    int64_t last_tokens_used() const override { return window_; }

private:
    ScaledDotProduct within_window(const ScaledDotProduct& heads) const;
    bool causal() const { return geometry().pattern == AttentionPattern::causal_self; }
    int64_t before() const { return causal() ? window_ - 1 : window_; }
    int64_t after() const { return causal() ? 0 : window_; }
    bool sees_all(int64_t tokens) const { return tokens <= before() + 1; }

    int64_t window_;
};

std::unique_ptr<Attention> make_local(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
