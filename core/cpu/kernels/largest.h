#pragma once

// The largest of some values, for *.isa.cpp files.

#include "heed/core/simd/loop.h"
#include "heed/core/simd/math.h"

namespace heed::HEED_ISA {

/// The largest value; NaN never wins, and -inf stands where nothing is larger.
HEED_SIMD float largest(const float* x, int64_t n) {
    const vf lowest = broadcast(-__builtin_inff());
    vf best[4] = {lowest, lowest, lowest, lowest};
    int64_t j = 0;
    for (; j + 4 * lanes <= n; j += 4 * lanes) {
        for (int k = 0; k < 4; ++k) {
            best[k] = vmax(load(x + j + k * lanes), best[k]);
        }
    }
    const float* rest = x + j;
    for_lanes(n - j, [&](int64_t i, int64_t count) HEED_INLINE {
        vf v = load(rest + i, count);
        if (count != lanes) v = select(first_lanes(count), v, lowest);
        best[0] = vmax(v, best[0]);
    });
    return hmax(vmax(vmax(best[0], best[1]), vmax(best[2], best[3])));
}

}  // namespace heed::HEED_ISA
