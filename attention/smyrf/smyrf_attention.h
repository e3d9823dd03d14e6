#pragma once

#include <memory>
#include <vector>

#include "heed/attention/smyrf/orders/smyrf_orders.h"
#include "heed/attention/smyrf/smyrf_work.h"
#include "heed/attention/types/multi_head.h"

namespace heed {

struct SmyrfOptions : AttentionOptions {
    int64_t rounds = 2;
    int64_t cluster = 32;
    int64_t block = 64;

    void describe(Fields& fields) override;
};

/// SMYRF (Daras, Kitaev, Odena, Dimakis, NeurIPS 2020): sdpa whose queries meet only the keys of their clusters, with
/// the parameters of sdpa and work and memory that grow with tokens * rounds * cluster (in causal self-attention times
/// the logarithm of the number of blocks). Tokens are clustered by hashing along random directions, which are drawn
/// again for each optimizer step - the same for all its micro-batches and ranks - and are always the same outside of
/// training. Where one cluster holds all tokens, the layer is sdpa. See SmyrfInputs for the forms of the patterns.
class SmyrfAttention : public MultiHeadAttention {
public:
    SmyrfAttention(const AttentionGeometry& geometry, const SmyrfOptions& options);

    int64_t multiplies(int64_t tokens, int64_t keys) const override;
    double score_share(int64_t tokens, int64_t keys) const override;
    std::string remark(int64_t tokens, int64_t keys) const override;
    std::vector<double> covered_mass(const AttentionInput& input) override;

    /// From now on tokens are hashed along these directions, [rounds, heads, head_dim + 2], in the causal patterns
    /// [rounds, heads, head_dim], instead of drawn ones; an undefined tensor ends that.
    void fix_directions(Tensor directions) { fixed_directions_ = std::move(directions); }
    /// From now on tokens are put in these orders; undefined tensors end that. Throws Error where an order names tokens
    /// that do not exist.
    void fix_orders(SmyrfOrders orders);

    /// The directions of a forward pass.
    Tensor directions(Context& context, const ForwardState& state);

protected:
    bool is_dense(int64_t tokens, int64_t keys) const override;
    Variable attend(const ScaledDotProduct& heads, const AttentionMask& mask, const ForwardState& state) override;
    Tensor attend_weights(const ScaledDotProduct& heads, const AttentionMask& mask) override;
    Tensor attend_step(const ScaledDotProduct& heads, int64_t tokens, std::unique_ptr<AttentionCache>& kept) override;

private:
    SmyrfInputs clustered(const ScaledDotProduct& heads, const AttentionMask& mask) const;
    SmyrfOrders orders(const SmyrfInputs& attention, const ForwardState& state);
    SmyrfWork work(int64_t tokens, int64_t keys) const;
    std::string parts(int64_t tokens, int64_t keys) const;

    SmyrfForm form_;
    int64_t rounds_, cluster_, block_;
    std::vector<float> drawn_;  ///< directions of the last pass, drawn for drawn_for_
    ForwardState drawn_for_;
    Tensor fixed_directions_;
    SmyrfOrders fixed_orders_;
};

std::unique_ptr<Attention> make_smyrf(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
