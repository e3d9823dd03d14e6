#pragma once

#include <cstdint>

#include "heed/core/module/module.h"

namespace heed {

/// Which keys a query may use.
struct AttentionMask {
    /// Number of real keys of each sample, i32 [batch]; undefined: all are real.
    Tensor key_lengths;
};

/// The four places in which a transformer uses attention (CAB, Zhang et al., ICML 2023).
enum class AttentionPattern : uint8_t { noncausal_self, causal_self, noncausal_cross, causal_cross };

/// "noncausal self-attention" and so on.
const char* attention_pattern_name(AttentionPattern pattern);

/// What a model tells an attention layer when it is built.
struct AttentionGeometry {
    int64_t dim = 0;
    int64_t heads = 1;
    AttentionPattern pattern = AttentionPattern::noncausal_self;
    /// Most tokens that a sequence of the model may have; 0 where there is no limit.
    int64_t max_tokens = 0;
};

/// Multi-head attention of some type: x [batch, tokens, dim] -> [batch, tokens, dim].
class Attention : public Module {
public:
    virtual Variable forward(const Variable& x, const AttentionMask& mask, const ForwardState& state) = 0;

    /// The weights that forward gives each key without dropout, [batch, heads, tokens, tokens]. No gradient.
    virtual Tensor weights(const Variable& x, const AttentionMask& mask) = 0;

    /// Multiply-adds of one forward pass over one sequence of `tokens` tokens.
    virtual int64_t multiplies(int64_t tokens) const = 0;
};

}  // namespace heed
