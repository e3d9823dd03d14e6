#pragma once

// Vectors of floats at the width of the instruction set that the including file is compiled for. Only *.isa.cpp files
// include this header: they are compiled once per instruction set, with HEED_ISA naming it, and everything here is
// always inlined into that namespace, so that no copy for a newer processor can be picked up by an older one.

#include <immintrin.h>

#include <cstdint>

#ifndef HEED_ISA
#error "core/simd headers are for *.isa.cpp files, which are compiled with -DHEED_ISA=baseline|avx2|avx512"
#endif

// AVX-512 intrinsics appear in their maskz form with a full mask, which gives the same instruction: in g++ 12 the plain
// forms start from an undefined register and warn about it wherever they are inlined.

#define HEED_SIMD static inline __attribute__((always_inline))

namespace heed::HEED_ISA {

/// Number of floats in a vector.
#if defined(__AVX512F__)
inline constexpr int lanes = 16;
#elif defined(__AVX2__)
inline constexpr int lanes = 8;
#else
inline constexpr int lanes = 4;
#endif

/// A vector of `lanes` floats, of 32-bit integers (also the result of comparing: all bits set means true), and of
/// unsigned 32-bit integers. The operators + - * / & | ^ << >> < <= > >= == != work lane by lane.
typedef float vf __attribute__((vector_size(lanes * 4)));
typedef int32_t vi __attribute__((vector_size(lanes * 4)));
typedef uint32_t vu __attribute__((vector_size(lanes * 4)));

typedef float vf_unaligned __attribute__((vector_size(lanes * 4), aligned(4), may_alias));
typedef int32_t vi_unaligned __attribute__((vector_size(lanes * 4), aligned(4), may_alias));

/// `lanes` values from any address that is aligned for a float.
HEED_SIMD vf load(const float* p) {
    return *reinterpret_cast<const vf_unaligned*>(p);
}
HEED_SIMD vi load(const int32_t* p) {
    return *reinterpret_cast<const vi_unaligned*>(p);
}
HEED_SIMD void store(float* p, vf v) {
    *reinterpret_cast<vf_unaligned*>(p) = v;
}
HEED_SIMD void store(int32_t* p, vi v) {
    *reinterpret_cast<vi_unaligned*>(p) = v;
}

/// The same value in every lane. (0 + x would not do: it turns -0 into 0, so the compiler keeps the addition.)
HEED_SIMD vf broadcast(float x) {
#if defined(__AVX512F__)
    return (vf)_mm512_set1_ps(x);
#elif defined(__AVX2__)
    return (vf)_mm256_set1_ps(x);
#else
    return (vf)_mm_set1_ps(x);
#endif
}
HEED_SIMD vi broadcast(int32_t x) {
#if defined(__AVX512F__)
    return (vi)_mm512_set1_epi32(x);
#elif defined(__AVX2__)
    return (vi)_mm256_set1_epi32(x);
#else
    return (vi)_mm_set1_epi32(x);
#endif
}
HEED_SIMD vf zero() {
    return vf{};
}

/// 0, 1, ..., lanes - 1.
HEED_SIMD vi lane_index() {
#if defined(__AVX512F__)
    return vi{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif defined(__AVX2__)
    return vi{0, 1, 2, 3, 4, 5, 6, 7};
#else
    return vi{0, 1, 2, 3};
#endif
}

HEED_SIMD vi as_int(vf v) {
    return (vi)v;
}
HEED_SIMD vf as_float(vi v) {
    return (vf)v;
}
/// Conversion by value.
HEED_SIMD vf to_float(vi v) {
    return __builtin_convertvector(v, vf);
}

/// Lane by lane `mask ? a : b`, where mask comes from a comparison.
HEED_SIMD vf select(vi mask, vf a, vf b) {
    return mask ? a : b;
}
HEED_SIMD vi select(vi mask, vi a, vi b) {
    return mask ? a : b;
}

/// True when any lane of the result of a comparison is.
HEED_SIMD bool any(vi mask) {
#if defined(__AVX512F__)
    return _mm512_movepi32_mask((__m512i)mask) != 0;
#elif defined(__AVX2__)
    return _mm256_movemask_ps((__m256)mask) != 0;
#else
    return _mm_movemask_ps((__m128)mask) != 0;
#endif
}

/// True in the first `count` lanes.
HEED_SIMD vi first_lanes(int64_t count) {
    return lane_index() < broadcast(static_cast<int32_t>(count));
}

/// The first `count` values (0 <= count <= lanes); the other lanes are 0. Reads nothing behind them.
HEED_SIMD vf load_partial(const float* p, int64_t count) {
#if defined(__AVX512F__)
    return (vf)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1u), p);
#elif defined(__AVX2__)
    return (vf)_mm256_maskload_ps(p, (__m256i)first_lanes(count));
#else
    vf v = zero();
    for (int64_t i = 0; i < count; ++i) {
        v[i] = p[i];
    }
    return v;
#endif
}

/// Stores the first `count` lanes (0 <= count <= lanes). Writes nothing behind them.
HEED_SIMD void store_partial(float* p, vf v, int64_t count) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << count) - 1u), (__m512)v);
#elif defined(__AVX2__)
    _mm256_maskstore_ps(p, (__m256i)first_lanes(count), (__m256)v);
#else
    for (int64_t i = 0; i < count; ++i) {
        p[i] = v[i];
    }
#endif
}

/// The larger / smaller value; **b where either is NaN**. So vmax(limit, x) and vmin(limit, x) keep a NaN in x.
HEED_SIMD vf vmax(vf a, vf b) {
#if defined(__AVX512F__)
    return (vf)_mm512_maskz_max_ps(0xffff, (__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return (vf)_mm_max_ps((__m128)a, (__m128)b);
#endif
}
HEED_SIMD vf vmin(vf a, vf b) {
#if defined(__AVX512F__)
    return (vf)_mm512_maskz_min_ps(0xffff, (__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (vf)_mm256_min_ps((__m256)a, (__m256)b);
#else
    return (vf)_mm_min_ps((__m128)a, (__m128)b);
#endif
}

/// a * b + c, rounded once where the processor has it (AVX2, AVX-512), else twice.
HEED_SIMD vf fma(vf a, vf b, vf c) {
#if defined(__AVX512F__)
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

HEED_SIMD vf sqrt(vf v) {
#if defined(__AVX512F__)
    return (vf)_mm512_maskz_sqrt_ps(0xffff, (__m512)v);
#elif defined(__AVX2__)
    return (vf)_mm256_sqrt_ps((__m256)v);
#else
    return (vf)_mm_sqrt_ps((__m128)v);
#endif
}

HEED_SIMD vf abs(vf v) {
    return as_float(as_int(v) & 0x7fffffff);
}

/// The magnitude of `magnitude` with the sign of `sign`.
HEED_SIMD vf copysign(vf magnitude, vf sign) {
    return as_float((as_int(magnitude) & 0x7fffffff) | (as_int(sign) & broadcast(INT32_MIN)));
}

#if defined(__AVX512F__)
HEED_SIMD __m256 lower_half(vf v) {
    return (__m256)__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7);
}
HEED_SIMD __m256 upper_half(vf v) {
    return (__m256)__builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
}
#endif

/// Sum of the lanes, always added in the same order (halves onto each other). NaN in any lane gives NaN.
HEED_SIMD float hsum(vf v) {
#if defined(__AVX512F__)
    const __m256 v8 = _mm256_add_ps(lower_half(v), upper_half(v));
    const __m128 v4 = _mm_add_ps(_mm256_castps256_ps128(v8), _mm256_extractf128_ps(v8, 1));
#elif defined(__AVX2__)
    const __m128 v4 = _mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
#else
    const __m128 v4 = (__m128)v;
#endif
    const __m128 v2 = _mm_add_ps(v4, _mm_movehl_ps(v4, v4));
    return _mm_cvtss_f32(_mm_add_ss(v2, _mm_movehdup_ps(v2)));
}

/// Largest lane. NaN lanes may or may not be ignored: where NaN must show, look at the values themselves or at a sum.
HEED_SIMD float hmax(vf v) {
#if defined(__AVX512F__)
    const __m256 v8 = _mm256_max_ps(lower_half(v), upper_half(v));
    const __m128 v4 = _mm_max_ps(_mm256_castps256_ps128(v8), _mm256_extractf128_ps(v8, 1));
#elif defined(__AVX2__)
    const __m128 v4 = _mm_max_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
#else
    const __m128 v4 = (__m128)v;
#endif
    const __m128 v2 = _mm_max_ps(v4, _mm_movehl_ps(v4, v4));
    return _mm_cvtss_f32(_mm_max_ss(v2, _mm_movehdup_ps(v2)));
}

}  // namespace heed::HEED_ISA
