#include "heed/core/kernels/image_kernels.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/bytes.h"
#include "heed/core/simd/loop.h"

namespace heed::HEED_ISA {

namespace {

/// Items of `size` elements that one task takes: about 16 k elements.
HEED_SIMD int64_t image_grain(int64_t size) {
    const int64_t items = 16384 / (size < 1 ? 1 : size);
    return items < 1 ? 1 : items;
}

void normalize(const ImageNormalize& a) {
    parallel_for(a.images * a.channels, image_grain(a.pixels), [&](int64_t begin, int64_t end) {
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

/// A few floats at a time: rows of patches are too short for whole vectors and for calls.
HEED_SIMD void copy_short(const float* from, float* to, int64_t count) {
    int64_t j = 0;
    for (; j + 4 <= count; j += 4) {
        _mm_storeu_ps(to + j, _mm_loadu_ps(from + j));
    }
    for (; j < count; ++j) {
        to[j] = from[j];
    }
}

HEED_SIMD void add_short(const float* from, float* to, int64_t count) {
    int64_t j = 0;
    for (; j + 4 <= count; j += 4) {
        _mm_storeu_ps(to + j, _mm_add_ps(_mm_loadu_ps(to + j), _mm_loadu_ps(from + j)));
    }
    for (; j < count; ++j) {
        to[j] += from[j];
    }
}

HEED_SIMD void zero_short(float* to, int64_t count) {
    for (int64_t j = 0; j < count; ++j) {
        to[j] = 0;
    }
}

/// A row of a patch: its elements first .. last - 1 lie in the image, from `pixel` on; the others are outside.
struct PatchRow {
    int64_t pixel;
    int64_t feature;
    int64_t first;
    int64_t last;
};

/// Calls `visit(row)` for every row of every patch, in one channel of one image.
template <class Visit>
HEED_SIMD void for_patch_rows(const PatchShape& s, int64_t plane, const Visit& visit) {
    const int64_t window = s.window();
    const int64_t across = s.width / s.patch;
    const int64_t patches = s.height / s.patch * across;
    const int64_t image = plane / s.channels;
    const int64_t channel = plane % s.channels;
    for (int64_t patch = 0; patch < patches; ++patch) {
        const int64_t left = patch % across * s.patch - s.overlap;
        const int64_t first = left < 0 ? -left : 0;
        const int64_t last = left + window > s.width ? s.width - left : window;
        for (int64_t row = 0; row < window; ++row) {
            const int64_t y = patch / across * s.patch - s.overlap + row;
            const bool inside = y >= 0 && y < s.height;
            const int64_t feature = (((image * patches + patch) * s.channels + channel) * window + row) * window;
            visit(PatchRow{(plane * s.height + y) * s.width + left + first, feature, inside ? first : window,
                           inside ? last : window});
        }
    }
}

void to_patches(const float* images, float* patches, const PatchShape& s) {
    parallel_for(s.batch * s.channels, image_grain(s.height * s.width), [&](int64_t begin, int64_t end) {
        for (int64_t plane = begin; plane < end; ++plane) {
            for_patch_rows(s, plane, [&](const PatchRow& row) HEED_INLINE {
                float* features = patches + row.feature;
                zero_short(features, row.first);
                copy_short(images + row.pixel, features + row.first, row.last - row.first);
                zero_short(features + row.last, s.window() - row.last);
            });
        }
    });
}

void from_patches(const float* patches, float* images, const PatchShape& s) {
    const int64_t pixels = s.height * s.width;
    parallel_for(s.batch * s.channels, image_grain(pixels), [&](int64_t begin, int64_t end) {
        zero_short(images + begin * pixels, (end - begin) * pixels);
        for (int64_t plane = begin; plane < end; ++plane) {
            for_patch_rows(s, plane, [&](const PatchRow& row) HEED_INLINE {
                add_short(patches + row.feature + row.first, images + row.pixel, row.last - row.first);
            });
        }
    });
}

}  // namespace

extern const ImageKernels image;
const ImageKernels image = {normalize, to_patches, from_patches};

}  // namespace heed::HEED_ISA
