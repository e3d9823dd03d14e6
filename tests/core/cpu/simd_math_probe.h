#pragma once

#include <cstdint>

namespace heed {

/// The vector functions of one instruction set, run over arrays (any n; the tail goes through partial loads and
/// stores).
struct SimdMathProbe {
    int lanes;
    void (*exp)(const float* x, float* y, int64_t n);
    void (*exp_nonpositive)(const float* x, float* y, int64_t n);
    void (*log)(const float* x, float* y, int64_t n);
    void (*tanh)(const float* x, float* y, int64_t n);
    void (*sqrt)(const float* x, float* y, int64_t n);
    void (*max)(const float* a, const float* b, float* y, int64_t n);
    void (*min)(const float* a, const float* b, float* y, int64_t n);
    /// Both take exactly `lanes` values.
    float (*hsum)(const float* x);
    float (*hmax)(const float* x);
    /// Philox words of counters (first + lane, high, c2, c3) for lanes 0 .. lanes - 1: out[word * lanes + lane].
    void (*philox)(uint32_t k0, uint32_t k1, uint64_t first, uint32_t c2, uint32_t c3, uint32_t* out);
};

/// The probe of the active instruction set.
const SimdMathProbe& simd_math_probe_cpu();

}  // namespace heed
