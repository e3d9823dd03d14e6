// ctest: cuda
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "heed/core/cpu/onednn/matrix_product.h"
#include "heed/core/cuda/products/bf16_copy.cuh"
#include "heed/core/device/device.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/tests/core/cpu/product_problem.h"
#include "heed/tests/support/bf16_values.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/message_of.h"

namespace heed::cuda {
// Not there in a build without the device cuda.
[[gnu::weak]] void copy_as_bf16(const StoredMatrices& from, Bf16* to);
}  // namespace heed::cuda

namespace heed::test::product_precision_test {

namespace {

constexpr int bf16_bits = 7, tf32_bits = 10;

/// x with `bits` bits after the point, to nearest, ties to even for bf16 and away from zero for tf32.
float rounded(float x, int bits) {
    int exponent = 0;
    const double scaled = std::ldexp(std::frexp(double{x}, &exponent), bits + 1);
    const double whole = bits == bf16_bits ? std::nearbyint(scaled) : std::round(scaled);
    return static_cast<float>(std::ldexp(whole, exponent - bits - 1));
}

Problem with_rounded_operands(Problem problem, int bits) {
    for (float& x : problem.a) x = rounded(x, bits);
    for (float& x : problem.b) x = rounded(x, bits);
    return problem;
}

std::vector<Problem> problems(bool many) {
    std::vector<Problem> result;
    const Extras all_extras[] = {{},
                                 {.bias = true},
                                 {.alpha = 0.5f, .beta = -0.25f, .bias = true, .gap = 3},
                                 {.beta = 1, .gap = 4, .batch = 3},
                                 {.bias = true, .batch = 2, .share_b = true},
                                 {.beta = 1, .batch = 3, .share_a = true},
                                 {.beta = 1, .batch = 2, .share_c = true}};
    std::vector<std::array<int64_t, 3>> all_sizes = {{1, 9, 33}, {40, 33, 23}};
    if (many) all_sizes.insert(all_sizes.end(), {{17, 5, 1}, {64, 80, 48}, {130, 96, 256}});
    for_each_transposition([&](bool transpose_a, bool transpose_b) {
        for (const auto& [rows, columns, inner] : all_sizes) {
            for (const Extras& extras : all_extras) {
                result.push_back(make_problem(rows, columns, inner, transpose_a, transpose_b, extras));
            }
        }
    });
    result.push_back(make_problem(5, 4, 0, false, false, {.beta = 0.5f, .bias = true, .batch = 2}));
    result.push_back(make_problem(0, 4, 3, false, true, {}));
    result.push_back(make_problem(3, 4, 8, true, false, {.batch = 0}));
    return result;
}

/// Rounding errors of f32 sums, and of operands of so many bits.
constexpr double sum_error = 1e-6;
double operand_error(int bits) {
    return 1.01 * std::ldexp(1.0, -bits);
}

void check_precision(Device& device, Precision precision, int bits, bool rounds_to_nearest) {
    device.set_precision(precision);
    EXPECT_EQ(device.precision(), precision);
    for (const Problem& problem : problems(device.product_engine().starts_with("cuBLASLt"))) {
        const MatrixProduct& p = problem.product;
        SCOPED_TRACE(std::to_string(p.rows) + " x " + std::to_string(p.columns) + " x " + std::to_string(p.inner) +
                     (p.transpose_a ? " T" : " N") + (p.transpose_b ? "T" : "N") + " beta " + std::to_string(p.beta) +
                     " bias " + std::to_string(!problem.bias.empty()) + " batch " + std::to_string(p.batch));
        for (const std::size_t offset : {0U, 1U}) {
            const std::vector<float> c =
                compute([&](const MatrixProduct& product) { device.matrix_product(product); }, false, problem, offset);
            check_result(problem, c, precision == Precision::f32 ? sum_error : operand_error(bits));
            if (rounds_to_nearest) check_result(with_rounded_operands(problem, bits), c, sum_error);
            if (testing::Test::HasFatalFailure()) return;
        }
    }
    device.set_precision(Precision::f32);
}

TEST(ProductPrecisionTest, CudaRoundsOperandsAlone) {
    if (!cuda_is_tested()) GTEST_SKIP() << "no device cuda";
    const std::unique_ptr<Device> cuda = make_device("cuda");
    SCOPED_TRACE(cuda->product_engine());
    check_precision(*cuda, Precision::bf16, bf16_bits, true);
    if (cuda->product_engine().starts_with("cuBLASLt")) {
        check_precision(*cuda, Precision::f32, 23, false);
        // NVIDIA does not say how it rounds to tf32: to nearest, or towards zero with twice the error.
        check_precision(*cuda, Precision::tf32, tf32_bits - 1, false);
    } else {
        check_precision(*cuda, Precision::tf32, tf32_bits, true);
    }
}

TEST(ProductPrecisionTest, ProductsOfTheSameOperandAreThoseOfEachAlone) {
    if (!cuda_is_tested()) GTEST_SKIP() << "no device cuda";
    const std::unique_ptr<Device> cuda = make_device("cuda");
    cuda->set_precision(Precision::bf16);
    const auto twice = [&](bool together, uint32_t seed) {
        Problem first = make_problem(24, 40, 56, true, false, {}, seed), second = first;
        second.b = numbers(24 * 40, seed + 5);
        second.c.assign(56 * 40, not_a_number);
        MatrixProduct one = first.product;
        one.a = first.a.data(), one.b = first.b.data(), one.c = first.c.data();
        MatrixProduct other =
            contiguous_product({first.a.data(), 24}, {second.b.data(), 40}, second.c.data(), 56, 24, 40, false);
        if (together) {
            cuda->matrix_products_of_same_a(one, other);
        } else {
            cuda->matrix_product(one);
            cuda->matrix_product(other);
        }
        return std::array{first.c, second.c};
    };
    // The second round finds other numbers, perhaps at the addresses of the first.
    for (const uint32_t seed : {1U, 20U}) EXPECT_EQ(twice(true, seed), twice(false, seed));
}

TEST(ProductPrecisionTest, CpuRoundsOperandsAlone) {
    const std::unique_ptr<Device> cpu = make_device("cpu");
    if (!onednn::multiplies_in_bf16()) {
        EXPECT_NE(message_of<UserError>([&] { cpu->set_precision(Precision::bf16); }).find("AVX512-BF16 or AMX"),
                  std::string::npos);
        GTEST_SKIP() << "a processor without AVX512-BF16";
    }
    const int threads = thread_count();
    set_thread_count(1);  // most products are too small to share
    check_precision(*cpu, Precision::bf16, bf16_bits, true);
    set_thread_count(threads);
}

TEST(ProductPrecisionTest, OneMatrixOnBothSides) {
    for (const char* name : {"cpu", "cuda"}) {
        if (name == std::string("cuda") ? !cuda_is_tested() : !onednn::multiplies_in_bf16()) continue;
        SCOPED_TRACE(name);
        const std::unique_ptr<Device> device = make_device(name);
        device->set_precision(Precision::bf16);
        Problem problem = make_problem(20, 20, 31, false, true, {});
        problem.b = problem.a;
        const auto multiply = [&](MatrixProduct product) {
            product.b = product.a;
            device->matrix_product(product);
        };
        check_result(with_rounded_operands(problem, bf16_bits), compute(multiply, false, problem));
    }
}

/// Each of a, b and c may lie in memory as bf16, the others as f32.
void check_types(Device& device) {
    device.set_precision(Precision::bf16);
    for (const Problem& given : problems(false)) {
        const Problem problem = with_rounded_operands(given, bf16_bits);
        const MatrixProduct& p = problem.product;
        const std::vector<Bf16> a = as_bf16(problem.a), b = as_bf16(problem.b);
        for (const int types : {1, 2, 4, 7}) {
            SCOPED_TRACE(std::to_string(p.rows) + " x " + std::to_string(p.columns) + " x " + std::to_string(p.inner) +
                         (p.transpose_a ? " T" : " N") + (p.transpose_b ? "T" : "N") + " beta " +
                         std::to_string(p.beta) + " batch " + std::to_string(p.batch) + " types " +
                         std::to_string(types));
            std::vector<Bf16> c = as_bf16(problem.c);
            const bool stores = (types & 4) != 0;
            const auto multiply = [&](MatrixProduct product) {
                if (types & 1) product.a = a.data();
                if (types & 2) product.b = b.data();
                if (stores) product.c = c.data();
                device.matrix_product(product);
            };
            Problem with_stored_c = problem;
            if (stores) with_stored_c.c = as_floats(c);
            const std::vector<float> in_f32 = compute(multiply, false, problem);
            // A batch that goes into one c is rounded after each product.
            const double of_c = stores ? operand_error(bf16_bits) * (p.c_batch_stride == 0 ? p.batch : 1) : sum_error;
            check_result(with_stored_c, stores ? as_floats(c) : in_f32, of_c);
            if (testing::Test::HasFatalFailure()) return;
        }
    }
}

TEST(ProductPrecisionTest, MatricesMayLieInMemoryAsBf16) {
    for (const char* name : {"cpu", "cuda"}) {
        if (name == std::string("cuda") ? !cuda_is_tested() : !onednn::multiplies_in_bf16()) continue;
        SCOPED_TRACE(name);
        check_types(*make_device(name));
    }
}

TEST(ProductPrecisionTest, CopiesAsBf16ToTheBit) {
    if (!cuda_is_tested()) GTEST_SKIP() << "no device cuda";
    struct Case {
        int64_t rows, columns, row_stride, batch, batch_stride;
        std::size_t offset;
    };
    const Case cases[] = {{3, 16, 16, 2, 48, 0},  {5, 13, 20, 3, 101, 0}, {2, 7, 7, 1, 0, 1},
                          {4, 24, 32, 2, 128, 4}, {4, 8, 24, 3, 8, 0},    {0, 8, 8, 1, 0, 0}};
    for (const Case& of : cases) {
        SCOPED_TRACE(std::to_string(of.rows) + " x " + std::to_string(of.columns));
        std::vector<float> from = numbers(400 + static_cast<int64_t>(of.offset), 5);
        const float special[] = {0x1.01p0F, 0x1.03p0F, 0x1.018p0F, -0.0F, infinity, -infinity, 3.4e38F, 0x1.FFp-126F};
        std::copy(std::begin(special), std::end(special), from.begin() + static_cast<std::ptrdiff_t>(of.offset));
        from[of.offset + 6] = of.columns > 6 ? not_a_number : 1;
        const int64_t stride = (of.columns + 7) / 8 * 8;
        std::vector<Bf16> to(index(of.batch * of.rows * stride + 8), Bf16{0xABCD});
        cuda::copy_as_bf16({from.data() + of.offset, of.rows, of.columns, of.row_stride, of.batch, of.batch_stride},
                           to.data());
        for (int64_t i = 0; i < static_cast<int64_t>(to.size()); ++i) {
            const int64_t row = i / stride, column = i % stride, entry = of.rows ? row / of.rows : of.batch;
            if (entry >= of.batch) {
                ASSERT_EQ(to[index(i)].bits, 0xABCD) << i;
                continue;
            }
            const float x = from[of.offset + index(entry * of.batch_stride + row % of.rows * of.row_stride + column)];
            const float got = to_float(to[index(i)]);
            if (column >= of.columns) {
                ASSERT_EQ(to[index(i)].bits, 0) << i;
            } else if (std::isnan(x)) {
                ASSERT_TRUE(std::isnan(got)) << i;
            } else {
                const float expected = std::isinf(x) ? x : rounded(x, bf16_bits);
                ASSERT_EQ(std::bit_cast<uint32_t>(got), std::bit_cast<uint32_t>(expected)) << i << ": " << x;
            }
        }
    }
}

TEST(ProductPrecisionTest, IsRefusedInOneSentenceWhereItIsNot) {
    const std::unique_ptr<Device> reference = make_device("reference"), cpu = make_device("cpu");
    EXPECT_EQ(
        "precision=bf16: device=reference multiplies in f32 alone; bf16 goes with device=cuda and with "
        "device=cpu on a processor that has AVX512-BF16 or AMX, tf32 with device=cuda",
        message_of<UserError>([&] { reference->set_precision(Precision::bf16); }));
    EXPECT_NE(message_of<UserError>([&] { cpu->set_precision(Precision::tf32); }).find("precision=tf32: device=cpu"),
              std::string::npos);
    reference->set_precision(Precision::f32);
    EXPECT_EQ(reference->precision(), Precision::f32);
}

}  // namespace

}  // namespace heed::test::product_precision_test
