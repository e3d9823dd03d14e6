// ctest: cuda
#include <gtest/gtest.h>

#include "heed/core/kernels/activation_kernels.h"
#include "heed/core/kernels/elementwise_kernels.h"
#include "heed/core/kernels/layer_norm_kernels.h"
#include "heed/core/kernels/residual_layer_norm_kernels.h"
#include "heed/tests/support/bf16_values.h"
#include "heed/tests/support/kernel_paths.h"

// Kernels that take bf16 compute in f32: their results are those of the same path for the same numbers as f32, rounded
// once, to the bit. What they compute in f32 is tested elsewhere.

namespace heed::test::bf16_kernels_test {

namespace {

using std::vector;

struct Sizes {
    int64_t rows, width;
};
constexpr Sizes all_sizes[] = {{0, 5}, {1, 1}, {3, 7}, {5, 16}, {4, 33}, {37, 130}, {3, 1100}};

size_t count_of(const Sizes& sizes) {
    return static_cast<size_t>(sizes.rows * sizes.width);
}

/// Numbers of bf16 with both infinities, a NaN and zeros among them where there is room.
vector<Bf16> stored_numbers(const Sizes& sizes, uint32_t seed, bool special = false) {
    vector<float> values = numbers(sizes.rows * sizes.width, seed, 3);
    if (special && values.size() > 20) {
        values[1] = infinity;
        values[5] = -infinity;
        values[18] = not_a_number;
        values[19] = -0.0F;
    }
    return as_bf16(values);
}

template <class Path>
vector<float> room(const Path&, int64_t floats) {
    return vector<float>(static_cast<size_t>(floats), not_a_number);
}

vector<Bf16> untouched(const Sizes& sizes) {
    return vector<Bf16>(count_of(sizes), Bf16{0x7FC1});
}

TEST(Bf16Kernels, ActivationRoundsItsResults) {
    for_each_path(activation_kernels, [](const auto& path) {
        for (const Activation kind :
             {Activation::relu, Activation::gelu, Activation::gelu_tanh, Activation::silu, Activation::tanh}) {
            for (const Sizes& sizes : all_sizes) {
                SCOPED_TRACE(std::to_string(static_cast<int>(kind)) + ": " + std::to_string(sizes.rows) + " x " +
                             std::to_string(sizes.width));
                const int64_t n = sizes.rows * sizes.width;
                const vector<Bf16> x = stored_numbers(sizes, 1, true), dy = stored_numbers(sizes, 2);
                const vector<float> wide_x = as_floats(x), wide_dy = as_floats(dy);
                vector<float> wide_y(count_of(sizes)), wide_dx = wide_y;
                vector<Bf16> y = untouched(sizes), dx = y;
                path.kernels.forward(kind, path.at(wide_x), path.at(wide_y), n);
                path.kernels.forward(kind, path.at(x), path.at(y), n);
                EXPECT_TRUE(same_numbers(y, as_bf16(wide_y)));
                path.kernels.backward(kind, path.at(wide_x), path.at(wide_dy), path.at(wide_dx), n);
                path.kernels.backward(kind, path.at(x), path.at(dy), path.at(dx), n);
                EXPECT_TRUE(same_numbers(dx, as_bf16(wide_dx)));

                // With the gradient of the bias, which sums what has not been rounded; dx in place of dy.
                const int64_t workspace_floats = path.kernels.backward_bias_workspace(sizes.rows, sizes.width);
                vector<float> workspace = room(path, workspace_floats);
                vector<float> wide_bias = numbers(sizes.width, 4), bias = wide_bias;
                vector<Bf16> in_place = dy;
                path.kernels.backward_bias({kind, path.at(wide_x), path.at(wide_dy), path.at(wide_dx),
                                            path.at(wide_bias), true, path.at(workspace), sizes.rows, sizes.width});
                path.kernels.backward_bias({kind, path.at(x), path.at(in_place), path.at(in_place), path.at(bias), true,
                                            path.at(workspace), sizes.rows, sizes.width});
                EXPECT_TRUE(same_numbers(in_place, dx));
                expect_close(bias, {wide_bias.begin(), wide_bias.end()}, 0, 0, "dbias");
            }
        }
    });
}

TEST(Bf16Kernels, AccumulateRoundsEachSum) {
    for_each_path(elementwise_kernels, [](const auto& path) {
        for (const Sizes& sizes : all_sizes) {
            const vector<Bf16> x = stored_numbers(sizes, 1, true);
            vector<Bf16> sum = stored_numbers(sizes, 2);
            vector<float> wide_sum = as_floats(sum);
            const vector<float> wide_x = as_floats(x);
            const int64_t n = sizes.rows * sizes.width;
            path.kernels.accumulate(path.at(wide_x), path.at(wide_sum), n);
            path.kernels.accumulate(path.at(x), path.at(sum), n);
            EXPECT_TRUE(same_numbers(sum, as_bf16(wide_sum)));
        }
    });
}

TEST(Bf16Kernels, SumsOfRowsAreThoseOfTheSameNumbers) {
    for_each_path(elementwise_kernels, [](const auto& path) {
        for (const Sizes& sizes : all_sizes) {
            const vector<Bf16> x = stored_numbers(sizes, 1, true);
            const vector<float> wide_x = as_floats(x);
            const auto sums_of = [&](ConstElements rows) {
                vector<float> sums = numbers(sizes.width, 2);
                vector<float> workspace = room(path, path.kernels.sum_rows_workspace(sizes.rows, sizes.width));
                path.kernels.sum_rows(
                    {rows, path.at(sums), true, path.at(workspace), sizes.rows, sizes.width, sizes.width});
                return sums;
            };
            const vector<float> want = sums_of(path.at(wide_x));
            expect_close(sums_of(path.at(x)), {want.begin(), want.end()}, 0, 0, "sums");
        }
    });
}

TEST(Bf16Kernels, ConvertRoundsOneWayAndIsExactTheOther) {
    for_each_path(elementwise_kernels, [](const auto& path) {
        for (const Sizes& sizes : all_sizes) {
            const int64_t n = sizes.rows * sizes.width;
            vector<float> x = numbers(n, 3, 5);
            if (n > 20) x[3] = not_a_number, x[17] = infinity, x[18] = -0.0F, x[19] = 0x1.01p0F, x[20] = 0x1.03p0F;
            vector<Bf16> narrow = untouched(sizes);
            path.kernels.convert(path.at(x), path.at(narrow), n);
            EXPECT_TRUE(same_numbers(narrow, as_bf16(x)));
            vector<float> wide(count_of(sizes));
            path.kernels.convert(path.at(narrow), path.at(wide), n);
            EXPECT_TRUE(same_numbers(narrow, as_bf16(wide)));
            const vector<float> want = as_floats(narrow);
            expect_close(wide, {want.begin(), want.end()}, 0, 0, "f32");
        }
    });
}

/// Inputs of both norms.
struct NormCase {
    explicit NormCase(const Sizes& of)
        : sizes(of),
          x(numbers(of.rows * of.width, 1)),
          branch(numbers(of.rows * of.width, 2)),
          extra(numbers(of.rows * of.width, 3)),
          gain(numbers(of.width, 4, 0.5F, 1)),
          bias(numbers(of.width, 5)),
          dy(stored_numbers(of, 6)),
          wide_dy(as_floats(dy)) {}
    Sizes sizes;
    vector<float> x, branch, extra, gain, bias;
    vector<Bf16> dy;
    vector<float> wide_dy;
};

struct NormGradients {
    explicit NormGradients(const Sizes& of) : dx(count_of(of)), dgain(static_cast<size_t>(of.width)), dbias(dgain) {}
    vector<float> dx, dgain, dbias;
    bool operator==(const NormGradients&) const = default;
};

TEST(Bf16Kernels, LayerNormRoundsItsResultAlone) {
    for_each_path(layer_norm_kernels, [](const auto& path) {
        for (const Sizes& sizes : all_sizes) {
            SCOPED_TRACE(std::to_string(sizes.rows) + " x " + std::to_string(sizes.width));
            const NormCase c(sizes);
            vector<float> mean(static_cast<size_t>(sizes.rows)), rstd = mean, wide_y(count_of(sizes));
            vector<Bf16> y = untouched(sizes);
            const auto forward = [&](Elements to) {
                path.kernels.forward({path.at(c.x), path.at(c.gain), path.at(c.bias), to, path.at(mean), path.at(rstd),
                                      sizes.rows, sizes.width, 1e-5F});
            };
            forward(path.at(wide_y));
            const vector<float> wide_mean = mean, wide_rstd = rstd;
            forward(path.at(y));
            EXPECT_TRUE(same_numbers(y, as_bf16(wide_y)));
            EXPECT_EQ(mean, wide_mean);
            EXPECT_EQ(rstd, wide_rstd);
            const auto backward = [&](ConstElements dy) {
                NormGradients result(sizes);
                vector<float> workspace = room(path, path.kernels.backward_workspace(sizes.rows, sizes.width));
                path.kernels.backward({dy, path.at(c.x), path.at(c.gain), path.at(mean), path.at(rstd),
                                       path.at(result.dx), path.at(result.dgain), path.at(result.dbias), false,
                                       path.at(workspace), sizes.rows, sizes.width});
                return result;
            };
            EXPECT_TRUE(backward(path.at(c.wide_dy)) == backward(path.at(c.dy)));
        }
    });
}

TEST(Bf16Kernels, ResidualLayerNormRoundsWhatIsNormalisedAlone) {
    for_each_path(residual_layer_norm_kernels, [](const auto& path) {
        for (const double dropout : {0.0, 0.3}) {
            for (const Sizes& sizes : all_sizes) {
                SCOPED_TRACE(std::to_string(sizes.rows) + " x " + std::to_string(sizes.width));
                const NormCase c(sizes);
                const RandomStream stream = {{11, 12}, 13, 14};
                vector<float> sum(count_of(sizes)), wide_normed = sum;
                vector<float> mean(static_cast<size_t>(sizes.rows)), rstd = mean;
                vector<Bf16> normed = untouched(sizes);
                const auto forward = [&](Elements to) {
                    path.kernels.forward({path.at(c.x), path.at(c.branch), path.at(c.gain), path.at(c.bias),
                                          path.at(sum), to, path.at(mean), path.at(rstd), sizes.rows, sizes.width,
                                          1e-5F, dropout, stream, sizes.width});
                };
                forward(path.at(wide_normed));
                const vector<float> wide_sum = sum;
                forward(path.at(normed));
                EXPECT_TRUE(same_numbers(normed, as_bf16(wide_normed)));
                EXPECT_EQ(sum, wide_sum);
                const auto backward = [&](ConstElements dnormed) {
                    NormGradients result(sizes);
                    vector<float> dbranch(count_of(sizes));
                    vector<float> workspace = room(path, path.kernels.backward_workspace(sizes.rows, sizes.width));
                    path.kernels.backward({dnormed, path.at(c.extra), path.at(sum), path.at(c.gain), path.at(mean),
                                           path.at(rstd), path.at(result.dx), path.at(dbranch), path.at(result.dgain),
                                           path.at(result.dbias), false, path.at(workspace), sizes.rows, sizes.width,
                                           dropout, stream, sizes.width});
                    result.dx.insert(result.dx.end(), dbranch.begin(), dbranch.end());
                    return result;
                };
                EXPECT_TRUE(backward(path.at(c.wide_dy)) == backward(path.at(c.dy)));
            }
        }
    });
}

}  // namespace

}  // namespace heed::test::bf16_kernels_test
