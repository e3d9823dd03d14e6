#pragma once

#include <algorithm>
#include <cstdint>

namespace heed {

/// Which keys the blocks of queries of long-short attention meet: block b holds queries b * window to (b + 1) * window
/// - 1, and meets the first `memory` summaries and tokens first_key to end_key - 1; the last of these is its last query
/// under a causal mask.
struct WindowLayout {
    int64_t tokens = 0;
    int64_t window = 1;
    int64_t chunk = 0;      ///< tokens of a summarized chunk in causal self-attention; 0: noncausal, one memory for all
    int64_t summaries = 0;  ///< of a chunk, or the memory's in all

    struct Block {
        int64_t first_query, queries, first_key, end_key, memory;

        int64_t keys() const { return memory + end_key - first_key; }
    };

    bool causal() const { return chunk > 0; }
    int64_t blocks() const { return (tokens + window - 1) / window; }
    /// Summaries of all whole chunks, or the memory's.
    int64_t memory() const { return causal() ? tokens / chunk * summaries : summaries; }

    /// Noncausal, its own window and half a window on either side. Causal, its own window and the one before, which
    /// begins at the begin of a chunk, and the summaries of all chunks before that: no token is met twice, none is
    /// left out.
    Block block(int64_t number) const {
        const int64_t first = number * window, end = std::min(first + window, tokens);
        if (!causal()) {
            const int64_t half = (window + 1) / 2;
            return {first, end - first, std::max<int64_t>(first - half, 0), std::min(end + half, tokens), summaries};
        }
        const int64_t first_key = std::max<int64_t>(first - window, 0) / chunk * chunk;
        return {first, end - first, first_key, end, first_key / chunk * summaries};
    }

    /// Pairs of queries and keys in all; what a causal mask hides counts as well.
    int64_t pairs() const {
        int64_t sum = 0;
        for (int64_t number = 0; number < blocks(); ++number) {
            const Block each = block(number);
            sum += each.queries * each.keys();
        }
        return sum;
    }
};

}  // namespace heed
