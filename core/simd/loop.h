#pragma once

// Loops over a row of floats, one vector at a time, with the rest of the row as a partial vector.

#include "heed/core/simd/vector.h"

namespace heed::HEED_ISA {

/// Calls `body(j, count)` for j = 0, lanes, ... < n: with count = lanes for the full vectors (a constant after
/// inlining) and once with the remaining count.
template <class Body>
HEED_SIMD void for_lanes(int64_t n, const Body& body) {
    int64_t j = 0;
    for (; j + lanes <= n; j += lanes) {
        body(j, int64_t{lanes});
    }
    if (j < n) {
        body(j, n - j);
    }
}

/// The attribute of lambdas that go to `for_lanes`: they are called twice and must be inlined both times.
#define HEED_INLINE __attribute__((always_inline))

/// `count` values, the other lanes 0; a full load where count is the constant `lanes`.
HEED_SIMD vf load(const float* p, int64_t count) {
    return count == lanes ? load(p) : load_partial(p, count);
}

HEED_SIMD void store(float* p, vf v, int64_t count) {
    if (count == lanes) {
        store(p, v);
    } else {
        store_partial(p, v, count);
    }
}

/// v in the first `count` lanes, 0 in the others.
HEED_SIMD vf keep_first(vf v, int64_t count) {
    return count == lanes ? v : select(first_lanes(count), v, zero());
}

}  // namespace heed::HEED_ISA
