#include "heed/datasets/text/text_overlap.h"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>

namespace heed {

namespace {

std::unordered_set<uint64_t> distinct(std::span<const uint64_t> samples) {
    return {samples.begin(), samples.end()};
}

}  // namespace

int64_t count_shared(std::span<const uint64_t> samples, std::span<const uint64_t> others) {
    const std::unordered_set<uint64_t> known = distinct(others);
    return std::count_if(samples.begin(), samples.end(), [&](uint64_t sample) { return known.contains(sample); });
}

int64_t count_repeats(std::span<const uint64_t> samples) {
    return std::ssize(samples) - std::ssize(distinct(samples));
}

bool same_samples(std::span<const uint64_t> a, std::span<const uint64_t> b) {
    if (a.size() != b.size()) return false;
    std::vector<uint64_t> first(a.begin(), a.end()), second(b.begin(), b.end());
    std::sort(first.begin(), first.end());
    std::sort(second.begin(), second.end());
    return first == second;
}

std::string overlap_remark(std::string_view part, std::span<const uint64_t> samples, std::string_view other_part,
                           std::span<const uint64_t> others, std::string_view unit) {
    const int64_t shared = count_shared(samples, others);
    if (shared == 0) return "";
    return fmt::format("warning: {} of the {} {} {} {} among the {} {} as well, which makes their score better", shared,
                       samples.size(), part, unit, shared == 1 ? "stands" : "stand", other_part, unit);
}

}  // namespace heed
