#include "heed/attention/rotary/rotary_kernels.h"
#include "heed/core/kernels/grain.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/bf16.h"

namespace heed::HEED_ISA {

namespace {

/// Lanes 1, 0, 3, 2, ...
HEED_SIMD vf swapped_pairs(vf v) {
#if defined(__AVX512F__)
    return (vf)_mm512_maskz_permute_ps(0xffff, (__m512)v, 0xb1);
#elif defined(__AVX2__)
    return (vf)_mm256_permute_ps((__m256)v, 0xb1);
#else
    return (vf)_mm_shuffle_ps((__m128)v, (__m128)v, 0xb1);
#endif
}

template <class Element>
void rotate_rows(const Rotation& a, const Element* all_x, Element* all_y) {
    const vf direction = broadcast(a.back ? -1.0f : 1.0f);
    const int64_t rotated = a.heads * a.head_dim;
    parallel_for(a.rows, chunk_rows(a.width), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            const Element* x = all_x + row * a.width;
            Element* y = all_y + row * a.width;
            const int64_t place = a.places == nullptr ? a.first_place + row % a.tokens : a.places[row];
            const float* cosines = a.angles + place * 2 * a.head_dim;
            const float* sines = cosines + a.head_dim;
            for (int64_t first = 0; first < rotated; first += a.head_dim) {
                for_lanes(a.head_dim, [&](int64_t j, int64_t count) HEED_INLINE {
                    const vf own = load(x + first + j, count);
                    const vf other = swapped_pairs(own) * (direction * load(sines + j, count));
                    store(y + first + j, fma(own, load(cosines + j, count), other), count);
                });
            }
            if (x == y) continue;
            for_lanes(a.width - rotated, [&](int64_t j, int64_t count) HEED_INLINE {
                store(y + rotated + j, load(x + rotated + j, count), count);
            });
        }
    });
}

void rotate(const Rotation& a) {
    with_pointers([&](auto* x, auto* y) { rotate_rows(a, x, y); }, a.x, a.y);
}

}  // namespace

extern const RotaryKernels rotary;
const RotaryKernels rotary = {rotate};

}  // namespace heed::HEED_ISA
