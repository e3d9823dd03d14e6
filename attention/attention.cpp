#include "heed/attention/attention.h"

namespace heed {

const char* attention_pattern_name(AttentionPattern pattern) {
    switch (pattern) {
        case AttentionPattern::noncausal_self:
            return "noncausal self-attention";
        case AttentionPattern::causal_self:
            return "causal self-attention";
        case AttentionPattern::noncausal_cross:
            return "noncausal cross-attention";
        case AttentionPattern::causal_cross:
            return "causal cross-attention";
    }
    return "?";
}

}  // namespace heed
