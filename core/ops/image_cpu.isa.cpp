#include "heed/core/ops/image_kernels.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/loop.h"

namespace heed::HEED_ISA {

namespace {

/// Items of `size` elements that one task takes: about 16 k elements.
HEED_SIMD int64_t grain(int64_t size) {
    const int64_t items = 16384 / (size < 1 ? 1 : size);
    return items < 1 ? 1 : items;
}

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

HEED_SIMD vf load_bytes(const uint8_t* p, int64_t count) {
    if (count == lanes) return load_bytes(p);
    uint8_t bytes[lanes] = {};
    for (int64_t i = 0; i < count; ++i) {
        bytes[i] = p[i];
    }
    return load_bytes(bytes);
}

void normalize(const ImageNormalize& a) {
    parallel_for(a.images * a.channels, grain(a.pixels), [&](int64_t begin, int64_t end) {
        for (int64_t plane = begin; plane < end; ++plane) {
            const vf mean = broadcast(a.mean[plane % a.channels]);
            const vf deviation = broadcast(a.std[plane % a.channels]);
            const uint8_t* x = a.x + plane * a.pixels;
            float* out = a.out + plane * a.pixels;
            for_lanes(a.pixels, [&](int64_t j, int64_t count) HEED_INLINE {
                store(out + j, (load_bytes(x + j, count) / 255.0F - mean) / deviation, count);
            });
        }
    });
}

/// Copies a few floats; for rows of patches, which are too short for whole vectors and for calls.
HEED_SIMD void copy_short(const float* from, float* to, int64_t count) {
    int64_t j = 0;
    for (; j + 4 <= count; j += 4) {
        _mm_storeu_ps(to + j, _mm_loadu_ps(from + j));
    }
    for (; j < count; ++j) {
        to[j] = from[j];
    }
}

/// Calls `copy(image offset, patch offset)` for every row of every patch.
template <class Copy>
HEED_SIMD void for_patch_rows(const PatchShape& s, const Copy& copy) {
    const int64_t down = s.height / s.patch;
    const int64_t across = s.width / s.patch;
    const int64_t features = s.channels * s.patch * s.patch;
    parallel_for(s.batch * down, grain(across * features), [&](int64_t begin, int64_t end) {
        for (int64_t band = begin; band < end; ++band) {
            const int64_t image = band / down;
            const int64_t top = band % down * s.patch;
            for (int64_t channel = 0; channel < s.channels; ++channel) {
                for (int64_t row = 0; row < s.patch; ++row) {
                    const int64_t line = ((image * s.channels + channel) * s.height + top + row) * s.width;
                    const int64_t feature = (channel * s.patch + row) * s.patch;
                    for (int64_t i = 0; i < across; ++i) {
                        copy(line + i * s.patch, (band * across + i) * features + feature);
                    }
                }
            }
        }
    });
}

void to_patches(const float* images, float* patches, const PatchShape& s) {
    for_patch_rows(
        s, [&](int64_t image, int64_t patch) HEED_INLINE { copy_short(images + image, patches + patch, s.patch); });
}

void from_patches(const float* patches, float* images, const PatchShape& s) {
    for_patch_rows(
        s, [&](int64_t image, int64_t patch) HEED_INLINE { copy_short(patches + patch, images + image, s.patch); });
}

}  // namespace

extern const ImageKernels image;
const ImageKernels image = {normalize, to_patches, from_patches};

}  // namespace heed::HEED_ISA
