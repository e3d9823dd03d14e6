#pragma once

#include "heed/attention/attention.h"

namespace heed {

/// Parts of the tokens of one sequence: what a model makes of them as though the other tokens were padding.
struct TokenParts {
    Tensor places;   ///< i32 [parts, most tokens]: which tokens each part has, in order; behind them any that exist
    Tensor lengths;  ///< i32 [parts]: how many a part has, from 0

    /// The tokens of each part, [parts, most tokens, dim], out of the sequence [1, tokens, dim]: they keep what their
    /// positions have given them. No gradient. Throws Error where a place is none of the sequence.
    Variable of(const Variable& tokens) const;
    /// What attention to the tokens of the parts is told.
    AttentionMask mask() const { return {.key_lengths = lengths, .query_lengths = {}, .key_places = places}; }
};

}  // namespace heed
