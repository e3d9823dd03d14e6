// ctest: cuda
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "heed/attention/heads/cudnn/fused_attention.h"
#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/tests/support/bf16_values.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"

// Attention in bf16 on the device cuda: by cuDNN on a card, by a fused kernel of the tests in the emulation.

namespace heed::test::sdpa_bf16_test {
namespace {

struct Case {
    int64_t batch, heads, queries, keys, head_dim;
    bool causal = false;
    std::vector<int32_t> lengths = {};

    std::string text() const {
        return "batch " + std::to_string(batch) + " heads " + std::to_string(heads) + " queries " +
               std::to_string(queries) + " keys " + std::to_string(keys) + " head_dim " + std::to_string(head_dim) +
               (causal ? " causal" : "") + (lengths.empty() ? "" : " lengths");
    }
};

struct Pass {
    std::vector<float> output, d_query, d_key, d_value;
};

/// The values as a tensor of that type.
Tensor tensor_of(Context& context, const Shape& shape, const std::vector<float>& values, DType dtype) {
    if (dtype == DType::bf16) return bf16_tensor(context, shape, values);
    return Tensor::from_host(context, shape, std::span<const float>(values));
}

/// Queries in columns of their own, keys and values packed side by side; what stands behind the lengths is NaN.
Pass run(const Case& c, Context& context, DType dtype = DType::f32) {
    const int64_t width = c.heads * c.head_dim;
    std::vector<float> key_value = numbers(c.batch * c.keys * 2 * width, 2, 1.5F);
    for (int64_t b = 0; b < c.batch && !c.lengths.empty(); ++b) {
        for (int64_t i = c.lengths[b] * 2 * width; i < c.keys * 2 * width; ++i) {
            key_value[b * c.keys * 2 * width + i] = not_a_number;
        }
    }
    Pass pass;
    {
        const auto leaf = [&](const Shape& shape, const std::vector<float>& values) {
            return context.tape().leaf(tensor_of(context, shape, values, dtype));
        };
        const Variable query = leaf({c.batch, c.queries, width}, numbers(c.batch * c.queries * width, 1, 1.5F));
        const Variable both = leaf({c.batch, c.keys, 2 * width}, key_value);
        ScaledDotProduct attention;
        attention.query = {query, 0};
        attention.key = {both, 0};
        attention.value = {both, width};
        attention.heads = c.heads;
        attention.head_dim = c.head_dim;
        attention.causal = c.causal;
        if (!c.lengths.empty()) {
            attention.mask.key_lengths = Tensor::from_host(context, {c.batch}, std::span<const int32_t>(c.lengths));
        }
        const Variable output = scaled_dot_product(attention);
        pass.output = output.value().to_vector();
        EXPECT_EQ(output.value().dtype(), dtype);
        context.tape().backward(output,
                                tensor_of(context, output.shape(), numbers(output.value().elements(), 3), dtype));
        pass.d_query = query.slot()->gradient().to_vector();
        const std::vector<float> d_both = both.slot()->gradient().to_vector();
        for (size_t i = 0; i < d_both.size(); ++i) {
            (static_cast<int64_t>(i) % (2 * width) < width ? pass.d_key : pass.d_value).push_back(d_both[i]);
        }
    }
    context.tape().clear();
    return pass;
}

/// Expects a distance of at most 1/100 of the size, as the root of the sum of squares, and of 1/20 of the largest value
/// anywhere: bf16 rounds to 1/256. A little more for gradients that are zero but for rounding: inputs are near 1.
void expect_bf16(const std::vector<float>& got, const std::vector<float>& want, const char* what) {
    ASSERT_EQ(got.size(), want.size());
    double distance = 0, size = 0, largest_distance = 0, largest = 0;
    for (size_t i = 0; i < got.size(); ++i) {
        const double difference = static_cast<double>(got[i]) - want[i];
        ASSERT_TRUE(std::isfinite(difference)) << what << " " << i << ": " << got[i] << ", not " << want[i];
        if (want[i] == 0) {
            ASSERT_LE(std::abs(difference), 1e-6) << what << " " << i;
        }
        distance += difference * difference;
        size += static_cast<double>(want[i]) * want[i];
        largest_distance = std::max(largest_distance, std::abs(difference));
        largest = std::max(largest, std::abs(static_cast<double>(want[i])));
    }
    const auto count = static_cast<double>(got.size());
    EXPECT_LE(std::sqrt(distance), 0.01 * std::sqrt(size) + 1e-3 * std::sqrt(count)) << what;
    EXPECT_LE(largest_distance, 0.05 * largest + 5e-3) << what;
}

void expect_bf16(const Pass& got, const Pass& want) {
    expect_bf16(got.output, want.output, "output");
    expect_bf16(got.d_query, want.d_query, "d_query");
    expect_bf16(got.d_key, want.d_key, "d_key");
    expect_bf16(got.d_value, want.d_value, "d_value");
}

/// The device cuda in bf16, or the reason why there is no fused attention.
class SdpaBf16 : public testing::Test {
protected:
    void SetUp() override {
        if (!cuda_is_tested()) GTEST_SKIP() << "cuda has no turn";
        context_ = std::make_unique<Context>("cuda");
        // Volatile: where a file beside this one defines it, the compiler would say that it is never null.
        auto* const volatile find = cuda::fused_attention;
        if (!find || !find({2, 2, 64, 64, 64, 0.125F, false, false})) {
            GTEST_SKIP() << "no cuDNN, or HEED_CUDNN=off";
        }
        context_->device().set_precision(Precision::bf16);
    }

    /// Expects the values and gradients of f32 to the exactness of bf16, and, where `fused`, not to that of f32.
    void expect_close(const Case& c, bool fused = true) {
        SCOPED_TRACE(c.text());
        Context exact;
        const Pass want = run(c, exact), got = run(c, *context_);
        expect_bf16(got, want);
        if (fused) {
            SCOPED_TRACE("tensors of bf16");
            expect_bf16(run(c, *context_, DType::bf16), want);
        }
        double largest = 0;
        for (size_t i = 0; i < want.output.size(); ++i) {
            largest = std::max(largest, std::abs(static_cast<double>(got.output[i]) - want.output[i]));
        }
        EXPECT_EQ(largest > 1e-4, fused) << largest;
    }

    std::unique_ptr<Context> context_;
};

TEST_F(SdpaBf16, Self) {
    for (const int64_t n : {2, 50}) expect_close({2, 2, n, n, 64});
    for (const int64_t n : {197, 513}) expect_close({1, 1, n, n, 16});
    for (const int64_t head_dim : {8, 16, 24, 128, 256}) expect_close({2, 2, 50, 50, head_dim});
}

TEST_F(SdpaBf16, Lengths) {
    expect_close({5, 2, 50, 50, 16, false, {50, 1, 0, 33, 49}});
    expect_close({3, 1, 64, 64, 64, false, {64, 0, 32}});
    expect_close({2, 1, 130, 130, 8, false, {65, 130}});
}

TEST_F(SdpaBf16, Causal) {
    for (const int64_t n : {2, 50, 64, 130}) expect_close({1, 2, n, n, 32, true});
    expect_close({4, 1, 65, 65, 16, true, {65, 30, 0, 1}});
}

TEST_F(SdpaBf16, Cross) {
    expect_close({2, 2, 33, 47, 64});
    expect_close({3, 2, 70, 20, 16, false, {20, 7, 0}});
    expect_close({2, 2, 5, 1, 8});
}

TEST_F(SdpaBf16, WhatCudnnHasNotIsComputedInF32) {
    expect_close({2, 2, 1, 1, 64}, false);
    expect_close({2, 2, 1, 40, 64}, false);
    expect_close({2, 2, 20, 20, 12}, false);
    expect_close({1, 2, 20, 30, 16, true}, false);
    expect_close({1, 1, 18, 18, 264}, false);
}

TEST_F(SdpaBf16, SameBitsInEveryRun) {
    const Case masked{2, 2, 70, 70, 32, true, {70, 33}}, plain{2, 2, 70, 70, 32};
    for (int i = 0; i < 6; ++i) {
        const Case& c = i % 2 == 0 ? masked : plain;
        const DType dtype = i < 3 ? DType::f32 : DType::bf16;
        const Pass first = run(c, *context_, dtype), again = run(c, *context_, dtype);
        EXPECT_EQ(first.output, again.output);
        EXPECT_EQ(first.d_query, again.d_query);
        EXPECT_EQ(first.d_key, again.d_key);
        EXPECT_EQ(first.d_value, again.d_value);
    }
}

}  // namespace
}  // namespace heed::test::sdpa_bf16_test
