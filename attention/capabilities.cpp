#include "heed/attention/capabilities.h"

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

bool is_cross(AttentionPattern pattern) {
    return pattern == AttentionPattern::noncausal_cross || pattern == AttentionPattern::causal_cross;
}

bool AttentionCapabilities::can(AttentionPattern pattern) const {
    switch (pattern) {
        case AttentionPattern::noncausal_self:
            return noncausal_self;
        case AttentionPattern::causal_self:
            return causal_self;
        case AttentionPattern::noncausal_cross:
            return noncausal_cross;
        case AttentionPattern::causal_cross:
            return causal_cross;
    }
    return false;
}

}  // namespace heed
