#pragma once

#include <cstdint>

// Included by kernels that are compiled once per instruction set: functions here must always be inlined.

namespace heed {

/// Queries that are selected, and keys that are sampled for each, of n tokens: min(n, factor ceil(ln n)), at least 1.
[[gnu::always_inline]] constexpr int64_t selection_size(int64_t factor, int64_t n) {
    // Powers of e rounded up: ceil(ln n) is the number of them below n.
    constexpr int64_t powers[] = {1,       2,        7,        20,        54,        148,        403,       1096,
                                  2980,    8103,     22026,    59874,     162754,    442413,     1202604,   3269017,
                                  8886110, 24154952, 65659969, 178482300, 485165195, 1318815734, 3584912846};
    int64_t logarithm = 0;
    for (const int64_t power : powers) logarithm += n > power ? 1 : 0;
    const int64_t wanted = factor * (logarithm > 0 ? logarithm : 1);
    return wanted < n ? wanted : n;
}

/// The key that random bits stand for, of n.
[[gnu::always_inline]] constexpr int64_t sampled_key(int32_t word, int64_t n) {
    return static_cast<int64_t>((static_cast<uint64_t>(static_cast<uint32_t>(word)) * static_cast<uint64_t>(n)) >> 32);
}

}  // namespace heed
