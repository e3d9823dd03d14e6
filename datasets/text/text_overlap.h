#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heed {

// Texts that come more than once, by their hashes (text_hash).

/// How many of the samples stand among the others as well.
int64_t count_shared(std::span<const uint64_t> samples, std::span<const uint64_t> others);

/// How many samples equal an earlier one.
int64_t count_repeats(std::span<const uint64_t> samples);

/// Whether both have the same samples, in any order.
bool same_samples(std::span<const uint64_t> a, std::span<const uint64_t> b);

/// "warning: 9 of the 7600 test texts stand among the training texts as well ...", or "" where there is none.
std::string overlap_remark(std::string_view part, std::span<const uint64_t> samples, std::string_view other_part,
                           std::span<const uint64_t> others, std::string_view unit);

}  // namespace heed
