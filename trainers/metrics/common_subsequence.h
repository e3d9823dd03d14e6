#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace heed {

/// Length of the longest common subsequence of two sequences.
int64_t common_subsequence_length(std::span<const uint32_t> a, std::span<const uint32_t> b);

/// Places in `a`, ascending, of one of the longest common subsequences. From the ends on, equal symbols are taken, else
/// the last symbol of `b` is left out where what remains has more in common than without that of `a`, else that of `a`:
/// the choice of rouge-score.
std::vector<int64_t> common_subsequence_places(std::span<const uint32_t> a, std::span<const uint32_t> b);

}  // namespace heed
