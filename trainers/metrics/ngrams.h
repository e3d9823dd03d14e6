#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

namespace heed {

/// The symbols of an n-gram, packed; n-grams of one order and symbol width are equal when these are.
struct Ngram {
    uint64_t high = 0, low = 0;
    auto operator<=>(const Ngram&) const = default;
};

struct NgramCount {
    Ngram ngram;
    int64_t count = 0;
};

/// How often each n-gram of one order occurs in a segment, sorted, each n-gram once.
using NgramCounts = std::vector<NgramCount>;

/// Counts the n-grams of `order` symbols; none when there are fewer symbols. Symbols are below 2^bits, bits is at most
/// 32 and order * bits at most 128.
NgramCounts count_ngrams(std::span<const uint32_t> symbols, int order, int bits);

/// Raises each count to that in `others` where that is larger.
void raise_counts(NgramCounts& counts, const NgramCounts& others);

/// Number of n-grams, each as often as it occurs.
int64_t total_count(const NgramCounts& counts);

/// The sum over all n-grams of the smaller of both counts.
int64_t common_count(const NgramCounts& a, const NgramCounts& b);

}  // namespace heed
