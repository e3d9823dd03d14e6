// ctest: cuda
#include "heed/core/kernels/permute_heads_kernels.h"

#include <gtest/gtest.h>

#include <vector>

#include "heed/tests/support/kernel_paths.h"

namespace heed::test::permute_heads_kernels_test {

namespace {

std::size_t index(int64_t i) {
    return static_cast<std::size_t>(i);
}

constexpr int64_t shapes[][4] = {{1, 1, 1, 1},    {2, 3, 4, 5},   {3, 50, 4, 16}, {2, 33, 3, 17},
                                 {1, 100, 8, 32}, {2, 31, 5, 64}, {0, 3, 2, 4},   {2, 0, 2, 4},
                                 {2, 3, 0, 4},    {2, 3, 2, 0},   {1, 700, 1, 3}};

TEST(PermuteHeadsKernels, SplitsAndMergesHeads) {
    for_each_path(permute_heads_kernels, [](const auto& path) {
        for (const auto& [b, n, h, r] : shapes) {
            SCOPED_TRACE(std::to_string(n) + " tokens, " + std::to_string(h) + " heads of " + std::to_string(r));
            const HeadStrides tokens_first = {n * h * r, h * r, r};
            const HeadStrides heads_first = {n * h * r, r, n * r};
            const std::vector<float> x = numbers(b * n * h * r, 1);
            std::vector<float> y(x.size() + 1, 7);
            path.kernels.copy({path.at(x), path.at(y), tokens_first, heads_first, b, n, h, r});
            std::size_t next = 0;
            for (int64_t batch = 0; batch < b; ++batch) {
                for (int64_t head = 0; head < h; ++head) {
                    for (int64_t token = 0; token < n; ++token) {
                        for (int64_t j = 0; j < r; ++j) {
                            ASSERT_EQ(x[index(((batch * n + token) * h + head) * r + j)], y[next]);
                            ++next;
                        }
                    }
                }
            }
            EXPECT_EQ(7, y[next]);
            std::vector<float> back(x.size(), not_a_number);
            path.kernels.copy({path.at(y), path.at(back), heads_first, tokens_first, b, n, h, r});
            EXPECT_EQ(x, back);
        }
    });
}

TEST(PermuteHeadsKernels, TakesThePartOfAPackedArray) {
    constexpr int64_t b = 2, n = 9, h = 3, r = 5;
    for_each_path(permute_heads_kernels, [](const auto& path) {
        const std::vector<float> packed = numbers(b * n * 3 * h * r, 1);  // [b, n, 3, h, r]
        std::vector<float> keys(index(b * h * n * r));
        path.kernels.copy(
            {path.at(packed) + h * r, path.at(keys), {n * 3 * h * r, 3 * h * r, r}, {h * n * r, r, n * r}, b, n, h, r});
        std::size_t next = 0;
        for (int64_t batch = 0; batch < b; ++batch) {
            for (int64_t head = 0; head < h; ++head) {
                for (int64_t token = 0; token < n; ++token) {
                    for (int64_t j = 0; j < r; ++j) {
                        ASSERT_EQ(packed[index((((batch * n + token) * 3 + 1) * h + head) * r + j)], keys[next]);
                        ++next;
                    }
                }
            }
        }
    });
}

TEST(PermuteHeadsKernels, KeepsTheGapsOfThePlaceItWritesTo) {
    constexpr int64_t b = 2, n = 40, h = 3, r = 5, capacity = 50;
    for_each_path(permute_heads_kernels, [](const auto& path) {
        const std::vector<float> x = numbers(b * n * h * r, 1);
        std::vector<float> cache(index(b * h * capacity * r), 7);
        path.kernels.copy(
            {path.at(x), path.at(cache), {n * h * r, h * r, r}, {h * capacity * r, r, capacity * r}, b, n, h, r});
        for (int64_t row = 0; row < b * h; ++row) {
            for (int64_t j = n * r; j < capacity * r; ++j) ASSERT_EQ(7, cache[index(row * capacity * r + j)]);
        }
        EXPECT_EQ(x.back(), cache[index(((b * h - 1) * capacity + n) * r - 1)]);
    });
}

}  // namespace

}  // namespace heed::test::permute_heads_kernels_test
