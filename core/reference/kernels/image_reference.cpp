#include "heed/core/kernels/image_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

void normalize(const ImageNormalize& a) {
    const uint8_t* x = reference_address(a.x);
    float* out = reference_address(a.out);
    for (int64_t i = 0; i < a.images * a.channels * a.pixels; ++i) {
        const int64_t channel = i / a.pixels % a.channels;
        const float mean = reference_address(a.mean)[channel];
        out[i] = (static_cast<float>(x[i]) / 255.0F - mean) / reference_address(a.std)[channel];
    }
}

int64_t patch_elements(const PatchShape& s) {
    return s.batch * (s.height / s.patch) * (s.width / s.patch) * s.channels * s.window() * s.window();
}

/// Where in the image element `i` of the patches lies; -1 outside.
int64_t image_offset(int64_t i, const PatchShape& s) {
    const int64_t window = s.window();
    const int64_t column = i % window;
    const int64_t row = i / window % window;
    const int64_t channel = i / (window * window) % s.channels;
    const int64_t patch = i / (window * window * s.channels);
    const int64_t across = s.width / s.patch;
    const int64_t down = s.height / s.patch;
    const int64_t y = patch / across % down * s.patch + row - s.overlap;
    const int64_t x = patch % across * s.patch + column - s.overlap;
    if (y < 0 || y >= s.height || x < 0 || x >= s.width) return -1;
    return ((patch / (across * down) * s.channels + channel) * s.height + y) * s.width + x;
}

void to_patches(const float* images, float* patches, const PatchShape& s) {
    for (int64_t i = 0; i < patch_elements(s); ++i) {
        const int64_t pixel = image_offset(i, s);
        reference_address(patches)[i] = pixel < 0 ? 0.0F : reference_address(images)[pixel];
    }
}

void from_patches(const float* patches, float* images, const PatchShape& s) {
    for (int64_t i = 0; i < s.batch * s.channels * s.height * s.width; ++i) {
        reference_address(images)[i] = 0.0F;
    }
    for (int64_t i = 0; i < patch_elements(s); ++i) {
        const int64_t pixel = image_offset(i, s);
        if (pixel >= 0) reference_address(images)[pixel] += reference_address(patches)[i];
    }
}

constexpr ImageKernels image_reference_kernels = {normalize, to_patches, from_patches};

}  // namespace

const ImageKernels& image_reference() {
    return image_reference_kernels;
}

}  // namespace heed
