// ctest: cuda
#include "heed/core/kernels/dropout_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "heed/core/random/random.h"
#include "heed/tests/support/kernel_paths.h"

namespace heed::test::dropout_kernels_test {

namespace {

const RandomStream stream = {random_key(7, RandomPurpose::dropout, "block.dropout"), 12, 0xFFFFFFF0U};

TEST(DropoutKernels, MaskIsThatOfTheStream) {
    const int64_t shapes[][2] = {{1, 1},    {3, 5},    {5, 63},    {5, 64}, {5, 65},
                                 {2, 1000}, {40, 517}, {1, 40000}, {0, 7},  {4, 0}};
    for_each_path(dropout_kernels, [&](const auto& path) {
        for (const auto& [samples, per_sample] : shapes) {
            SCOPED_TRACE(std::to_string(samples) + " x " + std::to_string(per_sample));
            for (float p : {0.0F, 0.1F, 0.5F, 0.9F}) {
                const std::vector<float> x = numbers(samples * per_sample, 1);
                std::vector<float> y(x.size() + 1, 7);
                path.kernels.apply({path.at(x), path.at(y), samples, per_sample, p, stream});
                std::vector<double> want;
                for (int64_t s = 0; s < samples; ++s) {
                    for (int64_t e = 0; e < per_sample; ++e) {
                        const bool dropped = random_word(stream, s, e) < p * 0x1p32;
                        want.push_back(dropped ? 0 : x[want.size()] / (1.0 - p));
                    }
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

TEST(DropoutKernels, ShareOfDroppedElements) {
    constexpr int64_t n = 200000;
    for (float p : {0.1F, 0.5F}) {
        const std::vector<float> x(n, 1);
        std::vector<float> y(n);
        dropout_cpu().apply({x.data(), y.data(), 10, n / 10, p, stream});
        int64_t dropped = 0;
        for (float v : y) dropped += v == 0;
        EXPECT_NEAR(p * n, static_cast<double>(dropped), 5 * std::sqrt(p * (1 - p) * n));
    }
}

TEST(DropoutKernels, HalvesOfABatchGetTheMasksOfTheWhole) {
    constexpr int64_t samples = 6, per_sample = 130;
    const std::vector<float> x = numbers(samples * per_sample, 1);
    std::vector<float> whole(x.size());
    dropout_cpu().apply({x.data(), whole.data(), samples, per_sample, 0.3F, stream});
    std::vector<float> halves(x.size());
    RandomStream second = stream;
    second.first_sample += 3;
    constexpr int64_t half = 3 * per_sample;
    dropout_cpu().apply({x.data(), halves.data(), 3, per_sample, 0.3F, stream});
    dropout_cpu().apply({x.data() + half, halves.data() + half, 3, per_sample, 0.3F, second});
    EXPECT_EQ(whole, halves);
}

TEST(DropoutKernels, StepAndKeyChangeTheMask) {
    const std::vector<float> x(500, 1);
    const auto masked = [&](const RandomStream& s) {
        std::vector<float> y(x.size());
        dropout_cpu().apply({x.data(), y.data(), 1, 500, 0.5F, s});
        return y;
    };
    RandomStream other_step = stream;
    ++other_step.step;
    RandomStream other_key = stream;
    other_key.key.k1 ^= 1;
    EXPECT_EQ(masked(stream), masked(stream));
    EXPECT_NE(masked(stream), masked(other_step));
    EXPECT_NE(masked(stream), masked(other_key));
}

TEST(DropoutKernels, NaNStaysUnlessItIsDropped) {
    for_each_path(dropout_kernels, [](const auto& path) {
        const std::vector<float> x(300, not_a_number);
        std::vector<float> y(300);
        path.kernels.apply({path.at(x), path.at(y), 1, 300, 0.5F, stream});
        for (int64_t e = 0; e < 300; ++e) {
            const float v = y[static_cast<std::size_t>(e)];
            if (random_word(stream, 0, e) < 0x80000000U) {
                ASSERT_EQ(0.0F, v);
            } else {
                ASSERT_TRUE(std::isnan(v));
            }
        }
    });
}

TEST(DropoutKernels, SameBitsWithTwoThreads) {
    expect_same_with_two_threads([] {
        const std::vector<float> x = numbers(90000, 5);
        std::vector<float> y(x.size());
        dropout_cpu().apply({x.data(), y.data(), 9, 10000, 0.2F, stream});
        return y;
    });
}

}  // namespace

}  // namespace heed::test::dropout_kernels_test
