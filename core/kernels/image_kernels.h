#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// Arguments of out = (x / 255 - mean[channel]) / std[channel].
struct ImageNormalize {
    const uint8_t* x;   ///< [images, channels, pixels]
    const float* mean;  ///< [channels]
    const float* std;   ///< [channels]
    float* out;         ///< [images, channels, pixels]
    int64_t images;
    int64_t channels;
    int64_t pixels;  ///< height * width
};

/// Shape of images cut into square patches: [batch, channels, height, width] on one side and
/// [batch, (height / patch) * (width / patch), channels * window * window] on the other. A patch sees `overlap` pixels
/// beyond each of its sides, zeros outside of the image. Its features are ordered (channel, row, column), as a
/// flattened PyTorch Conv2d weight is. patch divides height and width.
struct PatchShape {
    int64_t batch;
    int64_t channels;
    int64_t height;
    int64_t width;
    int64_t patch;
    int64_t overlap;

    int64_t window() const { return patch + 2 * overlap; }
};

struct ImageKernels {
    void (*normalize)(const ImageNormalize&);
    /// Cuts images into patches.
    void (*to_patches)(const float* images, float* patches, const PatchShape&);
    /// The gradient of to_patches: each pixel is the sum over the patches that see it.
    void (*from_patches)(const float* patches, float* images, const PatchShape&);
};

HEED_KERNELS(ImageKernels, image);

}  // namespace heed
