// ctest: cuda
#include "heed/core/kernels/activation_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "heed/tests/support/kernel_paths.h"

namespace heed::test::activation_kernels_test {

namespace {

constexpr Activation kinds[] = {Activation::relu, Activation::gelu, Activation::gelu_tanh, Activation::silu,
                                Activation::tanh};
/// Those that are 0 far on the left and x far on the right.
constexpr Activation rectifiers[] = {Activation::relu, Activation::gelu, Activation::gelu_tanh};
constexpr int64_t sizes[] = {0, 1, 3, 4, 7, 8, 15, 16, 17, 33, 100, 1000, 40000};

double pi() {
    return std::acos(-1.0);
}

double exact_value(Activation kind, double x) {
    if (kind == Activation::relu) return x > 0 ? x : x <= 0 ? 0 : x;
    if (kind == Activation::gelu) return x * std::erfc(-x / std::sqrt(2.0)) / 2;
    if (kind == Activation::silu) return x / (1 + std::exp(-x));
    if (kind == Activation::tanh) return std::tanh(x);
    // (1 + tanh u) / 2 = 1 / (1 + exp(-2 u))
    return x / (1 + std::exp(-2 * std::sqrt(2 / pi()) * (x + 0.044715 * x * x * x)));
}

double exact_derivative(Activation kind, double x) {
    const double h = 1e-4 * std::max(1.0, std::abs(x));
    if (kind == Activation::relu) return x > 0;
    // Central differences of fourth order: independent of the formula of the derivative.
    const auto f = [&](double t) { return exact_value(kind, t); };
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h);
}

/// Small, middle and large arguments, both signs.
std::vector<float> arguments(int64_t n) {
    std::vector<float> x = numbers(n, 1, 6);
    for (std::size_t i = 0; i < x.size(); i += 5) x[i] *= 0.01F;
    for (std::size_t i = 3; i < x.size(); i += 11) x[i] *= 5;
    return x;
}

TEST(ActivationKernels, ForwardEqualsTheFormula) {
    for_each_path(activation_kernels, [](const auto& path) {
        for (Activation kind : kinds) {
            for (int64_t n : sizes) {
                const std::vector<float> x = arguments(n);
                std::vector<float> y(x.size(), not_a_number);
                path.kernels.forward(kind, path.at(x), path.at(y), n);
                std::vector<double> want;
                for (float v : x) want.push_back(exact_value(kind, v));
                expect_close(y, want, 4e-7, 4e-7, "y");
                std::vector<float> in_place = x;
                path.kernels.forward(kind, path.at(in_place), path.at(in_place), n);
                EXPECT_EQ(y, in_place);
            }
        }
    });
}

TEST(ActivationKernels, BackwardEqualsTheDerivative) {
    for_each_path(activation_kernels, [](const auto& path) {
        for (Activation kind : kinds) {
            for (int64_t n : sizes) {
                const std::vector<float> x = arguments(n);
                const std::vector<float> dy = numbers(n, 2);
                std::vector<float> dx(x.size(), not_a_number);
                path.kernels.backward(kind, path.at(x), path.at(dy), path.at(dx), n);
                std::vector<double> want;
                for (std::size_t i = 0; i < x.size(); ++i) want.push_back(exact_derivative(kind, x[i]) * dy[i]);
                expect_close(dx, want, 1e-6, 1e-6, "dx");
                std::vector<float> in_place = dy;
                path.kernels.backward(kind, path.at(x), path.at(in_place), path.at(in_place), n);
                EXPECT_EQ(dx, in_place);
            }
        }
    });
}

TEST(ActivationKernels, LimitsZeroAndNaN) {
    const float big = std::numeric_limits<float>::max();
    for_each_path(activation_kernels, [&](const auto& path) {
        for (Activation kind : rectifiers) {
            std::vector<float> x = {infinity, -infinity, big, -big, 0, -0.0F, not_a_number, 30, -30};
            std::vector<float> y(x.size(), 9);
            const auto n = static_cast<int64_t>(x.size());
            path.kernels.forward(kind, path.at(x), path.at(y), n);
            expect_close(y, {infinity, 0, big, 0, 0, 0, not_a_number, 30, 0}, 0, 1e-30, "y");
            const std::vector<float> dy(x.size(), 2);
            std::vector<float> dx(x.size(), 9);
            path.kernels.backward(kind, path.at(x), path.at(dy), path.at(dx), n);
            const bool relu = kind == Activation::relu;
            const double at_zero = relu ? 0 : 1;
            expect_close(dx, {2, 0, 2, 0, at_zero, at_zero, relu ? 2 : not_a_number, 2, 0}, 0, 1e-30, "dx");
        }
    });
}

TEST(ActivationKernels, SiluAndTanhFarOut) {
    const std::vector<float> x = {infinity, -infinity, 3e38F, -3e38F, 0, not_a_number, 30, -30, 80, -80};
    const auto n = static_cast<int64_t>(x.size());
    const std::vector<float> dy(x.size(), 2);
    const double e30 = std::exp(-30.0), e80 = std::exp(-80.0);
    const double far30 = 8 * e30 * e30;  // 2 (1 - tanh^2)
    for_each_path(activation_kernels, [&](const auto& path) {
        std::vector<float> y(x.size()), dx(x.size());
        path.kernels.forward(Activation::silu, path.at(x), path.at(y), n);
        expect_close(y, {infinity, 0, 3e38F, 0, 0, not_a_number, 30, -30 * e30, 80, -80 * e80}, 2e-6, 1e-37, "silu");
        path.kernels.backward(Activation::silu, path.at(x), path.at(dy), path.at(dx), n);
        expect_close(dx, {2, 0, 2, 0, 1, not_a_number, 2, -58 * e30, 2, -158 * e80}, 2e-6, 1e-30, "slope of silu");
        path.kernels.forward(Activation::tanh, path.at(x), path.at(y), n);
        expect_close(y, {1, -1, 1, -1, 0, not_a_number, 1, -1, 1, -1}, 0, 0, "tanh");
        path.kernels.backward(Activation::tanh, path.at(x), path.at(dy), path.at(dx), n);
        expect_close(dx, {0, 0, 0, 0, 2, not_a_number, far30, far30, 0, 0}, 2e-6, 1e-30, "slope of tanh");
    });
}

TEST(ActivationKernels, NaNInTheGradientIsPassedOn) {
    for_each_path(activation_kernels, [](const auto& path) {
        for (Activation kind : kinds) {
            const std::vector<float> x(21, 0.5F);
            std::vector<float> dy(21, 1.0F);
            dy[17] = not_a_number;
            std::vector<float> dx(21);
            path.kernels.backward(kind, path.at(x), path.at(dy), path.at(dx), 21);
            for (std::size_t i = 0; i < dx.size(); ++i) EXPECT_EQ(i == 17, std::isnan(dx[i]));
        }
    });
}

TEST(ActivationKernels, BackwardBiasIsBackwardAndSums) {
    const int64_t shapes[][2] = {{1, 1}, {3, 5}, {16, 17}, {17, 16}, {70, 33}, {257, 130}, {5, 4100}, {0, 7}, {4, 0}};
    for_each_path(activation_kernels, [&](const auto& path) {
        for (Activation kind : kinds) {
            for (const auto& [rows, width] : shapes) {
                SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(width));
                for (bool accumulate : {false, true}) {
                    const std::vector<float> x = arguments(rows * width);
                    const std::vector<float> dy = numbers(rows * width, 3);
                    std::vector<float> dx(x.size());
                    path.kernels.backward(kind, path.at(x), path.at(dy), path.at(dx), rows * width);
                    const std::vector<float> start =
                        accumulate ? numbers(width, 4)
                                   : std::vector<float>(static_cast<std::size_t>(width), not_a_number);
                    std::vector<double> want(start.size());
                    for (std::size_t j = 0; j < want.size(); ++j) {
                        if (accumulate) want[j] = start[j];
                        for (std::size_t i = j; i < dx.size(); i += want.size()) want[j] += dx[i];
                    }
                    std::vector<float> fused = dy;  // in place
                    std::vector<float> dbias = start;
                    std::vector<float> workspace(
                        static_cast<std::size_t>(path.kernels.backward_bias_workspace(rows, width)), not_a_number);
                    path.kernels.backward_bias({kind, path.at(x), path.at(fused), path.at(fused), path.at(dbias),
                                                accumulate, path.at(workspace), rows, width});
                    EXPECT_EQ(dx, fused);
                    expect_close(dbias, want, 1e-6, 1e-5, "dbias");
                }
            }
        }
    });
}

TEST(ActivationKernels, SameBitsWithTwoThreads) {
    expect_same_with_two_threads([] {
        const int64_t rows = 900, width = 77;
        const std::vector<float> x = arguments(rows * width);
        std::vector<float> dx = numbers(rows * width, 5);
        const ActivationKernels& kernels = activation_cpu();
        std::vector<float> workspace(static_cast<std::size_t>(kernels.backward_bias_workspace(rows, width)));
        std::vector<float> out(static_cast<std::size_t>(width));
        kernels.backward_bias(
            {Activation::gelu, x.data(), dx.data(), dx.data(), out.data(), false, workspace.data(), rows, width});
        out.insert(out.end(), dx.begin(), dx.end());
        return out;
    });
}

}  // namespace

}  // namespace heed::test::activation_kernels_test
