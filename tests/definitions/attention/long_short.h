#pragma once

#include <vector>

#include "heed/tests/definitions/attention/attention.h"

namespace heed::definitions {

/// The keys that each query of long-short attention meets.
struct LongShortKeys {
    int64_t tokens, window, chunk, summaries;  ///< chunk 0: noncausal

    int64_t memory() const { return chunk == 0 ? summaries : tokens / chunk * summaries; }
    /// Tokens, said one by one from the rules.
    std::vector<int64_t> window_of(int64_t query) const;
    /// Summaries.
    std::vector<int64_t> memory_of(int64_t query) const;
};

/// One softmax over window and memory for each query of [batch, tokens, dim]; no key from lengths[b] on, none at all
/// where that is 0. Weights are not dropped.
Values windowed_attention(const Values& query, const Values& key, const Values& value, const Values& memory_key,
                          const Values& memory_value, const LongShortKeys& keys, const Attention& attention);

/// A layer of long-short attention with windows and chunks of 2 tokens; a padded token counts as 0 before projections.
Values long_short_layer(const Values& query, const Values& source, const AttentionParameters& parameters,
                        const Attention& attention);

}  // namespace heed::definitions
