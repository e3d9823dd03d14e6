// ctest: cuda
#include "heed/core/kernels/softmax_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "heed/tests/support/kernel_paths.h"

namespace heed::test::softmax_kernels_test {

namespace {

std::size_t index(int64_t i) {
    return static_cast<std::size_t>(i);
}

int64_t valid_elements(const std::vector<int32_t>& lengths, int64_t per_length, int64_t row, int64_t width) {
    return lengths.empty() ? width : std::clamp<int64_t>(lengths[index(row / per_length)], 0, width);
}

struct Case {
    int64_t rows;
    int64_t width;
    int64_t rows_per_length;
    std::vector<int32_t> lengths;
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {1, 1, 1, {}},
        {3, 2, 1, {}},
        {5, 7, 1, {}},
        {4, 16, 1, {}},
        {3, 17, 1, {}},
        {9, 50, 1, {}},
        {2, 1001, 1, {}},
        {1500, 33, 1, {}},
        {0, 5, 1, {}},
        {3, 0, 1, {}},
        {6, 20, 1, {20, 19, 1, 0, -3, 100}},
        {6, 37, 3, {16, 33}},
    };
    return all;
}

TEST(SoftmaxKernels, ForwardEqualsTheFormula) {
    for_each_path(softmax_kernels, [](const auto& path) {
        for (const Case& c : cases()) {
            SCOPED_TRACE(std::to_string(c.rows) + " x " + std::to_string(c.width));
            std::vector<float> x = numbers(c.rows * c.width, 1, 20);
            std::vector<double> want(x.size());
            for (int64_t row = 0; row < c.rows; ++row) {
                const int64_t n = valid_elements(c.lengths, c.rows_per_length, row, c.width);
                double sum = 0;
                for (int64_t j = 0; j < n; ++j) sum += std::exp(static_cast<double>(x[index(row * c.width + j)]));
                for (int64_t j = 0; j < n; ++j) {
                    want[index(row * c.width + j)] = std::exp(static_cast<double>(x[index(row * c.width + j)])) / sum;
                }
                // What is masked must not matter, whatever it is.
                for (int64_t j = n; j < c.width; ++j) x[index(row * c.width + j)] = j % 2 ? not_a_number : infinity;
            }
            std::vector<float> y(x.size(), 7);
            const RowLengths valid = {path.at(c.lengths), c.rows_per_length};
            path.kernels.forward({path.at(x), path.at(y), c.rows, c.width, valid});
            // The difference to the largest element, up to 40, is itself rounded to 2e-6.
            expect_close(y, want, 3e-6, 1e-37, "y");
            path.kernels.forward({path.at(x), path.at(x), c.rows, c.width, valid});
            EXPECT_EQ(y, x);
        }
    });
}

TEST(SoftmaxKernels, BackwardEqualsTheFormula) {
    for_each_path(softmax_kernels, [](const auto& path) {
        for (const Case& c : cases()) {
            SCOPED_TRACE(std::to_string(c.rows) + " x " + std::to_string(c.width));
            const std::vector<float> y = numbers(c.rows * c.width, 1, 0.5F, 0.5F);
            std::vector<float> dy = numbers(c.rows * c.width, 2);
            std::vector<double> want(y.size());
            for (int64_t row = 0; row < c.rows; ++row) {
                const int64_t n = valid_elements(c.lengths, c.rows_per_length, row, c.width);
                // The Jacobian itself: d y_j / d x_i = y_j ([i = j] - y_i).
                for (int64_t i = 0; i < n; ++i) {
                    const int64_t at = row * c.width;
                    for (int64_t j = 0; j < n; ++j) {
                        const double jacobian = y[index(at + j)] * ((i == j) - static_cast<double>(y[index(at + i)]));
                        want[index(at + i)] += jacobian * dy[index(at + j)];
                    }
                }
                for (int64_t j = n; j < c.width; ++j) dy[index(row * c.width + j)] = not_a_number;
            }
            std::vector<float> dx(y.size(), 7);
            const RowLengths valid = {path.at(c.lengths), c.rows_per_length};
            path.kernels.backward({path.at(y), path.at(dy), path.at(dx), c.rows, c.width, valid});
            expect_close(dx, want, 1e-6, 1e-5, "dx");
            path.kernels.backward({path.at(y), path.at(dy), path.at(dy), c.rows, c.width, valid});
            EXPECT_EQ(dx, dy);
        }
    });
}

TEST(SoftmaxKernels, LargeValuesDoNotOverflow) {
    for_each_path(softmax_kernels, [](const auto& path) {
        const std::vector<float> x = {1e30F, 1e30F, -1e30F, 3e38F, -3e38F, -3e38F};
        std::vector<float> y(6);
        path.kernels.forward({path.at(x), path.at(y), 2, 3, {}});
        expect_close(y, {0.5, 0.5, 0, 1, 0, 0}, 0, 0, "y");
    });
}

TEST(SoftmaxKernels, InfinityAndNaN) {
    for_each_path(softmax_kernels, [](const auto& path) {
        for (int64_t width : {3, 21}) {
            std::vector<float> x;
            std::vector<double> want;
            const auto row = [&](std::vector<float> start, float fill, std::vector<double> want_start,
                                 double want_fill) {
                start.resize(index(width), fill);
                want_start.resize(index(width), want_fill);
                x.insert(x.end(), start.begin(), start.end());
                want.insert(want.end(), want_start.begin(), want_start.end());
            };
            const double nan = not_a_number;
            row({-infinity}, -infinity, {}, 0);  // nothing to attend to
            row({1, -infinity, 1}, -infinity, {0.5, 0, 0.5}, 0);
            row({not_a_number, 1}, 0, {}, nan);
            row({0, 1}, not_a_number, {}, nan);
            row({not_a_number}, -infinity, {}, nan);
            row({infinity, 1}, 2, {}, nan);
            row({2}, -infinity, {1}, 0);
            const auto rows = static_cast<int64_t>(x.size()) / width;
            std::vector<float> y(x.size(), 7);
            path.kernels.forward({path.at(x), path.at(y), rows, width, {}});
            // The row with +inf: all its valid elements are NaN but those whose exponential is 0 in any case.
            for (std::size_t i = 0; i < y.size(); ++i) {
                if (std::isnan(want[i])) {
                    EXPECT_TRUE(std::isnan(y[i])) << i;
                } else {
                    EXPECT_NEAR(want[i], y[i], 1e-7) << i;
                }
            }
        }
    });
}

TEST(SoftmaxKernels, NaNInTheGradientStays) {
    for_each_path(softmax_kernels, [](const auto& path) {
        const std::vector<float> y(40, 0.05F);
        std::vector<float> dy(40, 1.0F);
        dy[19] = not_a_number;
        std::vector<float> dx(40);
        path.kernels.backward({path.at(y), path.at(dy), path.at(dx), 2, 20, {}});
        for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(i < 20, std::isnan(dx[i]));
    });
}

TEST(SoftmaxKernels, SameBitsWithTwoThreads) {
    expect_same_with_two_threads([] {
        const std::vector<float> x = numbers(1500 * 50, 5, 3);
        std::vector<float> y(x.size());
        softmax_cpu().forward({x.data(), y.data(), 1500, 50, {}});
        softmax_cpu().backward({y.data(), x.data(), y.data(), 1500, 50, {}});
        return y;
    });
}

}  // namespace

}  // namespace heed::test::softmax_kernels_test
