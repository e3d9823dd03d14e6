#include "heed/trainers/metrics/ngrams.h"

#include <algorithm>

namespace heed {

NgramCounts count_ngrams(std::span<const uint32_t> symbols, int order, int bits) {
    const auto lowest_bits = [](int n) { return n >= 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1; };
    const uint64_t low_mask = lowest_bits(order * bits), high_mask = lowest_bits(std::max(order * bits - 64, 0));
    std::vector<Ngram> ngrams;
    if (symbols.size() >= static_cast<size_t>(order)) ngrams.reserve(symbols.size());
    Ngram window;
    for (size_t i = 0; i < symbols.size(); ++i) {
        window.high = (window.high << bits | window.low >> (64 - bits)) & high_mask;
        window.low = (window.low << bits | symbols[i]) & low_mask;
        if (i + 1 >= static_cast<size_t>(order)) ngrams.push_back(window);
    }
    std::sort(ngrams.begin(), ngrams.end());
    NgramCounts counts;
    for (const Ngram& ngram : ngrams) {
        if (counts.empty() || counts.back().ngram != ngram) counts.push_back({ngram, 0});
        ++counts.back().count;
    }
    return counts;
}

void raise_counts(NgramCounts& counts, const NgramCounts& others) {
    NgramCounts merged;
    merged.reserve(counts.size() + others.size());
    auto a = counts.begin();
    auto b = others.begin();
    while (a != counts.end() || b != others.end()) {
        if (b == others.end() || (a != counts.end() && a->ngram < b->ngram)) {
            merged.push_back(*a++);
        } else if (a == counts.end() || b->ngram < a->ngram) {
            merged.push_back(*b++);
        } else {
            merged.push_back({a->ngram, std::max(a->count, b->count)});
            ++a, ++b;
        }
    }
    counts = std::move(merged);
}

int64_t total_count(const NgramCounts& counts) {
    int64_t total = 0;
    for (const NgramCount& each : counts) total += each.count;
    return total;
}

int64_t common_count(const NgramCounts& a, const NgramCounts& b) {
    int64_t common = 0;
    for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
        if (i->ngram < j->ngram) {
            ++i;
        } else if (j->ngram < i->ngram) {
            ++j;
        } else {
            common += std::min(i->count, j->count);
            ++i, ++j;
        }
    }
    return common;
}

}  // namespace heed
