#pragma once

// Sums over long buffers in double precision, in chunks that depend on the length alone.

#include "heed/core/parallel.h"
#include "heed/core/simd/loop.h"

namespace heed::HEED_ISA {

/// Half as many doubles as there are floats in a vector.
typedef double vd __attribute__((vector_size(lanes * 4)));

HEED_SIMD vd lower_doubles(vf v) {
#if defined(__AVX512F__)
    return (vd)_mm512_maskz_cvtps_pd(0xff, lower_half(v));
#elif defined(__AVX2__)
    return (vd)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)v));
#else
    return (vd)_mm_cvtps_pd((__m128)v);
#endif
}

HEED_SIMD vd upper_doubles(vf v) {
#if defined(__AVX512F__)
    return (vd)_mm512_maskz_cvtps_pd(0xff, upper_half(v));
#elif defined(__AVX2__)
    return (vd)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)v, 1));
#else
    return (vd)_mm_cvtps_pd(_mm_movehl_ps((__m128)v, (__m128)v));
#endif
}

/// Number of chunks of a reduction, so that their results fit on the stack.
inline constexpr int64_t max_chunks = 64;

/// Length of the chunks: a multiple of every vector length, at least 16 k elements.
HEED_SIMD int64_t chunk_length(int64_t count) {
    const int64_t length = (count + max_chunks - 1) / max_chunks;
    return length < 16384 ? 16384 : (length + 63) / 64 * 64;
}

/// Adds up the lanes of what `sums_of(begin, end)` gives for each chunk of the elements.
template <class SumsOf>
HEED_SIMD double sum_of_chunks(int64_t count, const SumsOf& sums_of) {
    double partial[max_chunks];
    const int64_t grain = chunk_length(count);
    parallel_for(count, grain, [&](int64_t begin, int64_t end) {
        const vd sums = sums_of(begin, end);
        double sum = 0;
        for (int lane = 0; lane < lanes / 2; ++lane) {
            sum += sums[lane];
        }
        partial[begin / grain] = sum;
    });
    double total = 0;
    for (int64_t chunk = 0; chunk * grain < count; ++chunk) {
        total += partial[chunk];
    }
    return total;
}

/// Sum of term(v) over all elements, where `term` maps a vector of doubles to another and 0 to 0.
template <class Term>
HEED_SIMD double sum_in_chunks(const float* values, int64_t count, const Term& term) {
    return sum_of_chunks(count, [&](int64_t begin, int64_t end) HEED_INLINE {
        vd a = {};
        vd b = {};
        for_lanes(end - begin, [&](int64_t j, int64_t n) HEED_INLINE {
            const vf v = load(values + begin + j, n);
            a += term(lower_doubles(v));
            b += term(upper_doubles(v));
        });
        return a + b;
    });
}

/// Sum of the losses of all elements: loss_of(at, n) gives those of the n elements from `at` on; what else it holds
/// does not count.
template <class LossOf>
HEED_SIMD double sum_of_losses(int64_t count, const LossOf& loss_of) {
    return sum_of_chunks(count, [&](int64_t begin, int64_t end) HEED_INLINE {
        vd losses = {};
        for_lanes(end - begin, [&](int64_t j, int64_t n) HEED_INLINE {
            const vf loss = keep_first(loss_of(begin + j, n), n);
            losses += lower_doubles(loss) + upper_doubles(loss);
        });
        return losses;
    });
}

}  // namespace heed::HEED_ISA
