// ctest: cuda
// ctest: processors 2
#include "heed/core/kernels/drop_path_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "heed/core/random/random.h"
#include "heed/tests/support/kernel_paths.h"

namespace heed::test::drop_path_kernels_test {

namespace {

const RandomStream stream = {random_key(7, RandomPurpose::drop_path, "block.drop_path1"), 12, 0xFFFFFFF0U};

TEST(DropPathKernels, ASampleStaysOrGoesAsAWhole) {
    const int64_t shapes[][2] = {{1, 1}, {3, 5}, {60, 63}, {2, 1000}, {40, 517}, {3, 40000}, {0, 7}, {4, 0}};
    for_each_path(drop_path_kernels, [&](const auto& path) {
        for (const auto& [samples, per_sample] : shapes) {
            SCOPED_TRACE(std::to_string(samples) + " x " + std::to_string(per_sample));
            for (float p : {0.0F, 0.1F, 0.5F, 0.9F}) {
                const std::vector<float> x = numbers(samples * per_sample, 1);
                std::vector<float> y(x.size() + 1, 7);
                path.kernels.apply({path.at(x), path.at(y), samples, per_sample, p, stream});
                std::vector<double> want;
                for (int64_t s = 0; s < samples; ++s) {
                    const bool dropped = random_word(stream, s, 0) < p * 0x1p32;
                    for (int64_t e = 0; e < per_sample; ++e) want.push_back(dropped ? 0 : x[want.size()] / (1.0 - p));
                }
                want.push_back(7);
                expect_close(y, want, 2e-7, 0, "y");
                std::vector<float> in_place = x;
                path.kernels.apply({path.at(in_place), path.at(in_place), samples, per_sample, p, stream});
                in_place.push_back(7);
                EXPECT_EQ(y, in_place);
            }
        }
    });
}

TEST(DropPathKernels, ShareOfDroppedSamples) {
    constexpr int64_t n = 20000;
    for (float p : {0.1F, 0.5F}) {
        const std::vector<float> x(n, 1);
        std::vector<float> y(n);
        drop_path_cpu().apply({x.data(), y.data(), n, 1, p, stream});
        int64_t dropped = 0;
        for (float v : y) dropped += v == 0;
        EXPECT_NEAR(p * n, static_cast<double>(dropped), 5 * std::sqrt(p * (1 - p) * n));
    }
}

TEST(DropPathKernels, NaNStaysUnlessItIsDropped) {
    for_each_path(drop_path_kernels, [](const auto& path) {
        const std::vector<float> x(300, not_a_number);
        std::vector<float> y(300);
        path.kernels.apply({path.at(x), path.at(y), 100, 3, 0.5F, stream});
        for (int64_t e = 0; e < 300; ++e) {
            const float v = y[static_cast<std::size_t>(e)];
            ASSERT_EQ(random_word(stream, e / 3, 0) >= 0x80000000U, std::isnan(v));
            if (!std::isnan(v)) {
                ASSERT_EQ(0.0F, v);
            }
        }
    });
}

TEST(DropPathKernels, SameBitsWithTwoThreads) {
    expect_same_with_two_threads([] {
        const std::vector<float> x = numbers(90000, 5);
        std::vector<float> y(x.size());
        drop_path_cpu().apply({x.data(), y.data(), 9, 10000, 0.2F, stream});
        return y;
    });
}

}  // namespace

}  // namespace heed::test::drop_path_kernels_test
