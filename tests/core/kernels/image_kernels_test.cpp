// ctest: cuda
// ctest: processors 2
#include "heed/core/kernels/image_kernels.h"

#include "heed/tests/support/kernel_paths.h"

namespace heed::test::image_kernels_test {

namespace {

using Path = KernelPath<ImageKernels>;
using std::vector;

template <class Body>
void for_paths(const Body& body) {
    for_each_path(image_kernels, body);
}

vector<uint8_t> bytes(int64_t count) {
    vector<uint8_t> values;
    for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<uint8_t>((i * 37 + i / 256) % 256));
    return values;
}

TEST(ImageKernels, NormalizeAsSingleRoundedOperations) {
    const vector<float> mean = {0.4914F, 0.4822F, 0};
    const vector<float> deviation = {0.247F, 0.2435F, 1};
    for (const int64_t images : {0, 1, 5}) {
        for (const int64_t pixels : {1, 3, 7, 16, 33, 784, 20000}) {
            const vector<uint8_t> x = bytes(images * 3 * pixels);
            vector<float> want;
            for (std::size_t i = 0; i < x.size(); ++i) {
                const std::size_t channel = i / static_cast<std::size_t>(pixels) % 3;
                volatile float value = static_cast<float>(x[i]) / 255.0F;  // volatile: no step is merged with the next
                value = value - mean[channel];
                want.push_back(value / deviation[channel]);
            }
            for_paths([&](const Path& path) {
                vector<float> out(x.size(), 99);
                path.kernels.normalize(
                    {path.at(x), path.at(mean), path.at(deviation), path.at(out), images, 3, pixels});
                EXPECT_EQ(out, want) << images << " x " << pixels;
            });
        }
    }
}

TEST(ImageKernels, PatchesFollowChannelRowColumn) {
    for (const int64_t patch : {1, 2, 3, 4, 7, 9, 16, 18}) {
        for (const int64_t channels : {1, 3}) {
            for (const int64_t batch : {0, 1, 5}) {
                const PatchShape s = {batch, channels, 3 * patch, 2 * patch, patch, 0};
                SCOPED_TRACE(std::to_string(batch) + " x " + std::to_string(channels) + " patch " +
                             std::to_string(patch));
                const vector<float> images = numbers(batch * channels * s.height * s.width, 1);
                vector<float> want;
                for (int64_t b = 0; b < batch; ++b) {
                    for (int64_t down = 0; down < 3; ++down) {
                        for (int64_t across = 0; across < 2; ++across) {
                            for (int64_t c = 0; c < channels; ++c) {
                                for (int64_t y = down * patch; y < (down + 1) * patch; ++y) {
                                    for (int64_t x = across * patch; x < (across + 1) * patch; ++x) {
                                        const int64_t at = ((b * channels + c) * s.height + y) * s.width + x;
                                        want.push_back(images[static_cast<std::size_t>(at)]);
                                    }
                                }
                            }
                        }
                    }
                }
                for_paths([&](const Path& path) {
                    vector<float> patches(images.size(), 99);
                    path.kernels.to_patches(path.at(images), path.at(patches), s);
                    EXPECT_EQ(patches, want);
                    vector<float> back(images.size(), 99);
                    path.kernels.from_patches(path.at(patches), path.at(back), s);
                    EXPECT_EQ(back, images);
                });
            }
        }
    }
}

TEST(ImageKernels, SameBitsWithTwoThreads) {
    const PatchShape s = {40, 3, 32, 32, 4, 1};
    const vector<float> images = numbers(40 * 3 * 32 * 32, 2);
    const vector<float> gradient = numbers(40 * 64 * 3 * s.window() * s.window(), 3);
    for_paths([&](const Path& path) {
        expect_same_with_two_threads([&] {
            vector<float> patches(gradient.size());
            path.kernels.to_patches(path.at(images), path.at(patches), s);
            return patches;
        });
        expect_same_with_two_threads([&] {
            vector<float> back(images.size());
            path.kernels.from_patches(path.at(gradient), path.at(back), s);
            return back;
        });
    });
}

}  // namespace

}  // namespace heed::test::image_kernels_test
