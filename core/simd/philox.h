#pragma once

// Philox4x32-10 on whole vectors of counters; the same words as `philox` of core/random.h, bit for bit.

#include "heed/core/random/random_stream.h"
#include "heed/core/simd/vector.h"

namespace heed::HEED_ISA {

namespace detail {

/// High and low halves of the 64-bit products of the lanes of `a` with `factor`.
HEED_SIMD void multiply_wide(vu a, uint32_t factor, vu* high, vu* low) {
    const vi f = broadcast(static_cast<int32_t>(factor));
#if defined(__AVX512F__)
    const __m512i a_odd = _mm512_maskz_srli_epi64(0xff, (__m512i)a, 32);
    const __m512i even = _mm512_maskz_mul_epu32(0xff, (__m512i)a, (__m512i)f);
    const __m512i odd = _mm512_maskz_mul_epu32(0xff, a_odd, (__m512i)f);
    *low = (vu)_mm512_mask_blend_epi32(0xaaaa, even, _mm512_maskz_slli_epi64(0xff, odd, 32));
    *high = (vu)_mm512_mask_blend_epi32(0xaaaa, _mm512_maskz_srli_epi64(0xff, even, 32), odd);
#elif defined(__AVX2__)
    const __m256i even = _mm256_mul_epu32((__m256i)a, (__m256i)f);
    const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)a, 32), (__m256i)f);
    *low = (vu)_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
    *high = (vu)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
#else
    const __m128i even = _mm_mul_epu32((__m128i)a, (__m128i)f);
    const __m128i odd = _mm_mul_epu32(_mm_srli_epi64((__m128i)a, 32), (__m128i)f);
    *low = (vu)_mm_blend_epi16(even, _mm_slli_epi64(odd, 32), 0xcc);
    *high = (vu)_mm_blend_epi16(_mm_srli_epi64(even, 32), odd, 0xcc);
#endif
}

}  // namespace detail

/// The four words of Philox(key, {x0, x1, c2, c3}) for every lane.
HEED_SIMD void philox(RandomKey key, vu x0, vu x1, uint32_t c2, uint32_t c3, vu word[4]) {
    vu x2 = (vu)broadcast(static_cast<int32_t>(c2));
    vu x3 = (vu)broadcast(static_cast<int32_t>(c3));
    uint32_t k0 = key.k0;
    uint32_t k1 = key.k1;
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
        vu high0, low0, high1, low1;
        detail::multiply_wide(x0, 0xD2511F53u, &high0, &low0);
        detail::multiply_wide(x2, 0xCD9E8D57u, &high1, &low1);
        x0 = high1 ^ x1 ^ (vu)broadcast(static_cast<int32_t>(k0));
        x1 = low1;
        x2 = high0 ^ x3 ^ (vu)broadcast(static_cast<int32_t>(k1));
        x3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    word[0] = x0;
    word[1] = x1;
    word[2] = x2;
    word[3] = x3;
}

/// The four words of Philox(key, {low half of first + lane, high half of first, c2, c3}) for every lane. `first` must
/// be a multiple of `lanes`.
HEED_SIMD void philox(RandomKey key, uint64_t first, uint32_t c2, uint32_t c3, vu word[4]) {
    philox(key, (vu)(broadcast(static_cast<int32_t>(first)) + lane_index()),
           (vu)broadcast(static_cast<int32_t>(first >> 32)), c2, c3, word);
}

}  // namespace heed::HEED_ISA
