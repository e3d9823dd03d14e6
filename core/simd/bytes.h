#pragma once

// Bytes as vectors of floats.

#include "heed/core/simd/vector.h"

namespace heed::HEED_ISA {

/// `lanes` bytes as floats.
HEED_SIMD vf load_bytes(const uint8_t* p) {
#if defined(__AVX512F__)
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return to_float((vi)_mm512_maskz_cvtepu8_epi32(0xffff, bytes));
#elif defined(__AVX2__)
    return to_float((vi)_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
#else
    return to_float((vi)_mm_cvtepu8_epi32(_mm_loadu_si32(p)));
#endif
}

/// `count` bytes as floats, the other lanes 0. Reads nothing behind them.
HEED_SIMD vf load_bytes(const uint8_t* p, int64_t count) {
    if (count == lanes) return load_bytes(p);
    uint8_t bytes[lanes] = {};
    for (int64_t i = 0; i < count; ++i) {
        bytes[i] = p[i];
    }
    return load_bytes(bytes);
}

}  // namespace heed::HEED_ISA
