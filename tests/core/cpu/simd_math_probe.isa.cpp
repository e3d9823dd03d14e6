#include "heed/tests/core/cpu/simd_math_probe.h"

#include "heed/core/simd/math.h"
#include "heed/core/simd/philox.h"

namespace heed::HEED_ISA {

namespace {

#define HEED_UNARY_PROBE(function)                                         \
    void function##_array(const float* x, float* y, int64_t n) {           \
        int64_t i = 0;                                                     \
        for (; i + lanes <= n; i += lanes) {                               \
            store(y + i, function(load(x + i)));                           \
        }                                                                  \
        store_partial(y + i, function(load_partial(x + i, n - i)), n - i); \
    }

HEED_UNARY_PROBE(exp)
HEED_UNARY_PROBE(exp_nonpositive)
HEED_UNARY_PROBE(log)
HEED_UNARY_PROBE(tanh)
HEED_UNARY_PROBE(sqrt)

#define HEED_BINARY_PROBE(function)                                                                        \
    void function##_array(const float* a, const float* b, float* y, int64_t n) {                           \
        for (int64_t i = 0; i < n; i += lanes) {                                                           \
            const int64_t count = n - i < lanes ? n - i : lanes;                                           \
            store_partial(y + i, function(load_partial(a + i, count), load_partial(b + i, count)), count); \
        }                                                                                                  \
    }

HEED_BINARY_PROBE(vmax)
HEED_BINARY_PROBE(vmin)

float hsum_array(const float* x) {
    return hsum(load(x));
}
float hmax_array(const float* x) {
    return hmax(load(x));
}

void philox_array(uint32_t k0, uint32_t k1, uint64_t first, uint32_t c2, uint32_t c3, uint32_t* out) {
    vu word[4];
    philox(RandomKey{k0, k1}, first, c2, c3, word);
    for (int w = 0; w < 4; ++w) {
        for (int lane = 0; lane < lanes; ++lane) {
            out[w * lanes + lane] = word[w][lane];
        }
    }
}

}  // namespace

extern const SimdMathProbe simd_math_probe;
const SimdMathProbe simd_math_probe = {
    lanes,      exp_array,  exp_nonpositive_array, log_array, tanh_array, sqrt_array, vmax_array, vmin_array,
    hsum_array, hmax_array, philox_array};

}  // namespace heed::HEED_ISA
