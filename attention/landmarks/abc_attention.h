#pragma once

#include <memory>

#include "heed/attention/landmarks/running_slots.h"
#include "heed/attention/types/multi_head.h"

namespace heed {

struct AbcOptions : AttentionOptions {
    int64_t slots = 16;

    void describe(Fields& fields) override;
};

/// Attention with bounded memory control (ABC: Peng et al., ACL 2022, section 3, with learned control). Each head has
/// `slots` learned vectors for keys and for values, rows of S_k and S_v. A slot's key is the mean of the keys weighted
/// by softmax(s k / sqrt(head_dim)) over the positions, its value that of the values by softmax(s' v / sqrt(head_dim)),
/// and queries attend to the slots as in sdpa: nothing depends on another query, and work grows with tokens * slots. In
/// causal self-attention query t reads the slots of the tokens up to t (RunningSlots), whose state is all that decoding
/// keeps. Where there are as many slots as keys and each looks for one of its own, attention to a whole source is sdpa.
class AbcAttention : public MultiHeadAttention {
public:
    AbcAttention(const AttentionGeometry& geometry, const AbcOptions& options);

    int64_t multiplies(int64_t tokens, int64_t keys) const override;
    double score_share(int64_t tokens, int64_t keys) const override;

protected:
    std::unique_ptr<AttentionCache> make_causal_cache(Context& context, const DecodingStart& start) override;
    Tensor causal_step(const Tensor& x, AttentionCache& cache) override;
    Tensor causal_extend(const Tensor& x, AttentionCache& cache) override;

    Variable attend(const ScaledDotProduct& heads, const AttentionMask& mask, const ForwardState& state) override;
    Tensor attend_weights(const ScaledDotProduct& heads, const AttentionMask& mask) override;
    Tensor attend_step(const ScaledDotProduct& heads, int64_t tokens, std::unique_ptr<AttentionCache>& kept) override;

private:
    bool causal_self() const { return geometry().pattern == AttentionPattern::causal_self; }
    /// The slots as a batch, [batch, slots, dim].
    Variable batch_of(Parameter& slots, int64_t batch) const;
    /// Slots as queries of what they look for.
    ScaledDotProduct filling(const ScaledDotProduct& heads, Parameter& slots, const HeadColumns& tokens) const;
    /// Queries that read the slots.
    ScaledDotProduct reading(const ScaledDotProduct& heads, const Variable& keys, const Variable& values) const;
    RunningSlots running(const ScaledDotProduct& heads);
    Tensor causal_weights(const ScaledDotProduct& heads);

    int64_t slots_;
    Parameter key_slots_, value_slots_;
};

std::unique_ptr<Attention> make_abc(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
