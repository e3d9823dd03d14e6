#pragma once

#include <vector>

#include "heed/core/forward_observer.h"
#include "heed/trainers/explanation/explained_sample.h"

namespace heed {

/// Writes down the heads of a pass over one sample without padding.
class HeadRecorder final : public ForwardObserver {
public:
    /// With gradients it has to live until the backward pass is over.
    explicit HeadRecorder(bool gradients) : gradients_(gradients) {}

    void hidden(int64_t, const Tensor&) override {}
    bool wants_attention(AttentionPlace) const override { return false; }
    void attention(AttentionPlace, int64_t, const Tensor&) override {}
    bool wants_heads(AttentionPlace) const override { return true; }
    Tensor heads(const AttentionHeads& heads) override;
    bool wants_head_gradients() const override { return gradients_; }
    /// dL/dA = dO V^T for each head: the gradient of what it gives times what it mixes.
    void head_gradient(AttentionPlace place, int64_t block, const Tensor& gradient) override;

    /// Ordered by place, layer and head.
    std::vector<HeadRecord> records() const;

private:
    struct Layer {
        AttentionHeads heads;
        Tensor weight_gradient;
    };

    bool gradients_;
    std::vector<Layer> layers_;
};

/// Puts weights in the place of those of a pass over one sample without padding.
class HeadSubstitution final : public ForwardObserver {
public:
    /// `substitution` has to live as long.
    explicit HeadSubstitution(const WeightSubstitution& substitution) : substitution_(substitution) {}

    void hidden(int64_t, const Tensor&) override {}
    bool wants_attention(AttentionPlace) const override { return false; }
    void attention(AttentionPlace, int64_t, const Tensor&) override {}
    bool wants_heads(AttentionPlace) const override { return true; }
    Tensor heads(const AttentionHeads& heads) override;

private:
    const WeightSubstitution& substitution_;
};

}  // namespace heed
