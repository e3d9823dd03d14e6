#include "heed/core/cpu/isa.h"
#include "heed/core/ops/image_kernels.h"
#include "heed/core/reference/address.h"

HEED_CHOOSE_ISA(ImageKernels, image);

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

/// Where in the image element `i` of the patches lies.
int64_t image_offset(int64_t i, const PatchShape& s) {
    const int64_t column = i % s.patch;
    const int64_t row = i / s.patch % s.patch;
    const int64_t channel = i / (s.patch * s.patch) % s.channels;
    const int64_t patch = i / (s.patch * s.patch * s.channels);
    const int64_t across = s.width / s.patch;
    const int64_t down = s.height / s.patch;
    const int64_t y = patch / across % down * s.patch + row;
    const int64_t x = patch % across * s.patch + column;
    return ((patch / (across * down) * s.channels + channel) * s.height + y) * s.width + x;
}

void to_patches(const float* images, float* patches, const PatchShape& s) {
    for (int64_t i = 0; i < s.batch * s.channels * s.height * s.width; ++i) {
        reference_address(patches)[i] = reference_address(images)[image_offset(i, s)];
    }
}

void from_patches(const float* patches, float* images, const PatchShape& s) {
    for (int64_t i = 0; i < s.batch * s.channels * s.height * s.width; ++i) {
        reference_address(images)[image_offset(i, s)] = reference_address(patches)[i];
    }
}

constexpr ImageKernels kernels = {normalize, to_patches, from_patches};

}  // namespace

const ImageKernels& image_reference() {
    return kernels;
}

}  // namespace heed
