#include "heed/core/cuda/for_each.cuh"
#include "heed/core/kernels/image_kernels.h"

namespace heed {

namespace {

void image_normalize(const ImageNormalize& a) {
    cuda::for_each_in_rows("normalize images", a.images * a.channels, a.pixels,
                           [a] __device__(int64_t plane, int64_t pixel) {
                               const int64_t channel = plane % a.channels, i = plane * a.pixels + pixel;
                               a.out[i] = (static_cast<float>(a.x[i]) / 255.0F - a.mean[channel]) / a.std[channel];
                           });
}

void image_to_patches(const float* images, float* patches, const PatchShape& s) {
    const int64_t window = s.patch + 2 * s.overlap, across = s.width / s.patch, down = s.height / s.patch;
    // A row here is one row of pixels of one channel of a patch's window.
    const int64_t rows = s.batch * down * across * s.channels * window;
    cuda::for_each_in_rows("images to patches", rows, window, [=] __device__(int64_t row, int64_t column) {
        const int64_t channel = row / window % s.channels, patch = row / window / s.channels;
        const int64_t sample = patch / (across * down);
        const int64_t y = patch / across % down * s.patch + row % window - s.overlap;
        const int64_t x = patch % across * s.patch + column - s.overlap;
        const bool inside = y >= 0 && y < s.height && x >= 0 && x < s.width;
        patches[row * window + column] =
            inside ? images[((sample * s.channels + channel) * s.height + y) * s.width + x] : 0.0F;
    });
}

/// The patches of one direction whose windows hold a pixel: first, and one behind the last.
struct PatchRange {
    int64_t begin, end;
};

__device__ PatchRange patches_with(int64_t pixel, int64_t patch, int64_t overlap, int64_t count) {
    const int64_t behind =
        pixel - overlap;  // patch p holds it when p * patch <= pixel + overlap, (p + 1) * patch > behind
    return {behind < patch ? 0 : behind / patch, min((pixel + overlap) / patch + 1, count)};
}

void image_from_patches(const float* patches, float* images, const PatchShape& s) {
    const int64_t window = s.patch + 2 * s.overlap, across = s.width / s.patch, down = s.height / s.patch;
    const int64_t rows = s.batch * s.channels * s.height;
    cuda::for_each_in_rows("images from patches", rows, s.width, [=] __device__(int64_t row, int64_t x) {
        const int64_t y = row % s.height, channel = row / s.height % s.channels, sample = row / s.height / s.channels;
        const PatchRange of_y = patches_with(y, s.patch, s.overlap, down);
        const PatchRange of_x = patches_with(x, s.patch, s.overlap, across);
        float sum = 0;
        for (int64_t i = of_y.begin; i < of_y.end; ++i) {
            for (int64_t j = of_x.begin; j < of_x.end; ++j) {
                const int64_t patch = (sample * down + i) * across + j;
                const int64_t in_window = (y - i * s.patch + s.overlap) * window + x - j * s.patch + s.overlap;
                sum += patches[(patch * s.channels + channel) * window * window + in_window];
            }
        }
        images[row * s.width + x] = sum;
    });
}

constexpr ImageKernels image_cuda_kernels = {image_normalize, image_to_patches, image_from_patches};

}  // namespace

const ImageKernels& image_cuda() {
    return image_cuda_kernels;
}

}  // namespace heed
