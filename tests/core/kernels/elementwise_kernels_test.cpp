// ctest: cuda
#include "heed/core/kernels/elementwise_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "heed/tests/support/kernel_paths.h"

namespace heed::test::elementwise_kernels_test {

namespace {

constexpr int64_t sizes[] = {0, 1, 3, 4, 7, 8, 15, 16, 17, 33, 100, 40000};

std::size_t index(int64_t i) {
    return static_cast<std::size_t>(i);
}

TEST(ElementwiseKernels, AddAccumulateScaleFill) {
    for_each_path(elementwise_kernels, [](const auto& path) {
        for (int64_t n : sizes) {
            std::vector<float> a = numbers(n, 1);
            const std::vector<float> b = numbers(n, 2, 100);
            if (n > 6) a[5] = not_a_number, a[6] = -infinity;
            std::vector<float> sum(a.size() + 1, 7);
            path.kernels.add(path.at(a), path.at(b), path.at(sum), n);
            std::vector<float> accumulated = a;
            path.kernels.accumulate(path.at(b), path.at(accumulated), n);
            std::vector<float> scaled(a.size() + 1, 7);
            path.kernels.scale(path.at(a), -1.5F, path.at(scaled), n);
            std::vector<float> filled(a.size() + 1, 7);
            path.kernels.fill(2.5F, path.at(filled), n);
            std::vector<float> in_place = a;
            path.kernels.add(path.at(in_place), path.at(in_place), path.at(in_place), n);

            std::vector<double> want_sum, want_scaled, want_filled, want_double;
            for (int64_t i = 0; i < n; ++i) {
                want_sum.push_back(a[index(i)] + b[index(i)]);
                want_scaled.push_back(a[index(i)] * -1.5F);
                want_filled.push_back(2.5);
                want_double.push_back(2 * a[index(i)]);
            }
            expect_close(accumulated, want_sum, 0, 0, "accumulated");
            expect_close(in_place, want_double, 0, 0, "doubled");
            for (auto* want : {&want_sum, &want_scaled, &want_filled}) want->push_back(7);  // nothing behind the end
            expect_close(sum, want_sum, 0, 0, "sum");
            expect_close(scaled, want_scaled, 0, 0, "scaled");
            expect_close(filled, want_filled, 0, 0, "filled");
        }
    });
}

TEST(ElementwiseKernels, ScaleByANumberOnTheDevice) {
    for_each_path(elementwise_kernels, [](const auto& path) {
        for (const float factor : {1.0F, -0.25F}) {
            const std::vector<float> on_device = {factor}, before = numbers(37, 3);
            std::vector<float> values = before;
            values.push_back(7);
            path.kernels.scale_by(path.at(on_device), path.at(values), 37);
            std::vector<double> want;
            for (const float value : before) want.push_back(double{value} * double{factor});
            want.push_back(7);
            expect_close(values, want, 0, 0, "scaled");
        }
    });
}

TEST(ElementwiseKernels, AddInteger) {
    for_each_path(elementwise_kernels, [](const auto& path) {
        const std::vector<int32_t> x = {3, -1, 0, 100};
        std::vector<int32_t> y(5, 9);
        path.kernels.add_integer(path.at(x), 2, path.at(y), 4);
        EXPECT_EQ(y, (std::vector<int32_t>{5, 1, 2, 102, 9}));
    });
}

constexpr int64_t shapes[][2] = {{1, 1},    {3, 5},     {16, 17},   {17, 16}, {70, 33}, {257, 130},
                                 {5, 2100}, {3, 20000}, {1100, 10}, {0, 7},   {4, 0}};

TEST(ElementwiseKernels, AddBiasWithRowStrides) {
    for_each_path(elementwise_kernels, [](const auto& path) {
        for (const auto& [rows, width] : shapes) {
            const int64_t x_stride = width + 3, y_stride = width + 5;
            const std::vector<float> x = numbers(rows * x_stride, 1);
            const std::vector<float> bias = numbers(width, 2);
            std::vector<float> y(index(rows * y_stride), 7);
            path.kernels.add_bias({path.at(x), path.at(bias), path.at(y), rows, width, x_stride, y_stride});
            std::vector<double> want(y.size(), 7);
            for (int64_t r = 0; r < rows; ++r) {
                for (int64_t c = 0; c < width; ++c) {
                    want[index(r * y_stride + c)] = x[index(r * x_stride + c)] + bias[index(c)];
                }
            }
            expect_close(y, want, 0, 0, "y");
        }
    });
}

TEST(ElementwiseKernels, SumRowsWithStride) {
    for_each_path(elementwise_kernels, [](const auto& path) {
        for (const auto& [rows, width] : shapes) {
            SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(width));
            for (bool accumulate : {false, true}) {
                const int64_t stride = width + 3;
                std::vector<float> x = numbers(rows * stride, 1, 1, 0.5F);
                for (int64_t r = 0; r < rows; ++r) {
                    for (int64_t c = width; c < stride; ++c) x[index(r * stride + c)] = not_a_number;  // not part of it
                }
                std::vector<float> sums =
                    accumulate ? numbers(width, 2) : std::vector<float>(index(width), not_a_number);
                std::vector<double> want(index(width));
                for (int64_t c = 0; c < width; ++c) {
                    if (accumulate) want[index(c)] = sums[index(c)];
                    for (int64_t r = 0; r < rows; ++r) want[index(c)] += x[index(r * stride + c)];
                }
                std::vector<float> workspace(index(path.kernels.sum_rows_workspace(rows, width)), not_a_number);
                path.kernels.sum_rows({path.at(x), path.at(sums), accumulate, path.at(workspace), rows, width, stride});
                expect_close(sums, want, 1e-6, 1e-6, "sums");
            }
        }
    });
}

TEST(ElementwiseKernels, NaNShowsInItsColumnAlone) {
    for_each_path(elementwise_kernels, [](const auto& path) {
        std::vector<float> x(index(50 * 21), 1);
        x[index(33 * 21 + 18)] = not_a_number;
        std::vector<float> sums(21);
        std::vector<float> workspace(index(path.kernels.sum_rows_workspace(50, 21)));
        path.kernels.sum_rows({path.at(x), path.at(sums), false, path.at(workspace), 50, 21, 21});
        std::vector<double> want(21, 50);
        want[18] = not_a_number;
        expect_close(sums, want, 0, 0, "sums");
    });
}

TEST(ElementwiseKernels, SameBitsWithTwoThreads) {
    expect_same_with_two_threads([] {
        const int64_t rows = 3000, width = 77;
        const std::vector<float> x = numbers(rows * width, 5);
        const ElementwiseKernels& kernels = elementwise_cpu();
        std::vector<float> workspace(index(kernels.sum_rows_workspace(rows, width)));
        std::vector<float> sums(index(width));
        kernels.sum_rows({x.data(), sums.data(), false, workspace.data(), rows, width, width});
        return sums;
    });
}

}  // namespace

}  // namespace heed::test::elementwise_kernels_test
