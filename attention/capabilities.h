#pragma once

#include <cstdint>

namespace heed {

/// The four patterns in which a transformer uses attention (CAB, Zhang et al., ICML 2023).
enum class AttentionPattern : uint8_t { noncausal_self, causal_self, noncausal_cross, causal_cross };

/// "noncausal self-attention" and so on.
const char* attention_pattern_name(AttentionPattern pattern);

/// True where keys and values come from another sequence than the queries.
bool is_cross(AttentionPattern pattern);

/// What an attention type can do. Tests, reports, explanations and conversions go by it.
struct AttentionCapabilities {
    bool noncausal_self = false;
    bool causal_self = false;  ///< with a cache for decoding, as causal_cross
    bool noncausal_cross = false;
    bool causal_cross = false;
    /// True where the greatest number of keys is part of the model.
    bool fixed_length = false;
    /// True where the outputs depend on the order of the tokens beyond what masks say (windows, segments, an
    /// alignment).
    bool ordered = false;
    /// True where the outputs of the heads are shares of the keys (not negative, 1 in all) times values: then there are
    /// Attention::weights and head_values.
    bool weights = false;
    /// True where these shares are the softmax of the scores over all keys, or come near to it: such types take over
    /// each other's projections without loss, as far as both have them.
    bool softmax = false;
    /// True where queries and keys of the heads meet in scalar products, all or some or estimated ones, so that in
    /// self-attention both can be rotated by their places (rotary) and scores depend on distances. Not where ReLU takes
    /// the angles away (cosformer), where keys meet vectors or stand in summaries that have no place (abc, longshort),
    /// and where there are no queries.
    bool rotary = false;
    /// False where no token has an influence on another one.
    bool mixes = true;

    bool can(AttentionPattern pattern) const;
};

}  // namespace heed
