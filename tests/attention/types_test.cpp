#include <gtest/gtest.h>

#include <map>

#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

// What is particular to each type: its numbers of parameters and multiplications, its memory, identities between types.

namespace heed::test {
namespace {

LayerSettings settings(const std::string& type, int64_t dim, int64_t heads, bool bias) {
    LayerSettings result;
    result.type = type;
    result.dim = dim;
    result.heads = heads;
    result.bias = bias;
    return result;
}

TEST(AttentionTypes, HaveTheirNumbersOfParameters) {
    struct Counts {
        int64_t with_bias, without_bias;
    };
    const std::map<std::string, Counts> wanted = {{"sdpa", {4224, 4 * 32 * 32}}, {"optimised", {3168, 3 * 32 * 32}}};
    for (const AttentionType& type : attention_types()) {
        ASSERT_TRUE(wanted.contains(type.name)) << "add the counts of " << type.name;
        EXPECT_EQ(TestLayer(settings(type.name, 32, 4, true)).layer().parameter_count(), wanted.at(type.name).with_bias)
            << type.name;
        EXPECT_EQ(TestLayer(settings(type.name, 32, 4, false)).layer().parameter_count(),
                  wanted.at(type.name).without_bias)
            << type.name;
    }
}

TEST(AttentionTypes, HaveTheirNumbersOfMultiplications) {
    constexpr int64_t n = 10, d = 32, scores_and_sum = 2 * n * n * d;
    const std::map<std::string, int64_t> wanted = {{"sdpa", 4 * n * d * d + scores_and_sum},
                                                   {"optimised", 3 * n * d * d + scores_and_sum}};
    for (const AttentionType& type : attention_types()) {
        ASSERT_TRUE(wanted.contains(type.name)) << "add the count of " << type.name;
        for (const int64_t heads : {1, 4}) {
            EXPECT_EQ(TestLayer(settings(type.name, d, heads, true)).layer().multiplies(n, n), wanted.at(type.name))
                << type.name;
        }
    }
}

class Identities : public testing::TestWithParam<const char*> {};

TEST_P(Identities, OptimisedIsSdpaWhoseValueKernelIsTheIdentity) {
    constexpr int64_t d = 12;
    for (const bool bias : {true, false}) {
        LayerSettings of_optimised = settings("optimised", d, 3, bias), of_sdpa = settings("sdpa", d, 3, bias);
        of_optimised.device = of_sdpa.device = GetParam();
        of_optimised.dropout = of_sdpa.dropout = 0.3;
        TestLayer optimised(of_optimised), sdpa(of_sdpa);
        std::vector<float> identity(d * d, 0.0f);
        for (int64_t i = 0; i < d; ++i) identity[i * d + i] = 1.0f;
        sdpa.set_parameter("value.weight", identity);
        if (bias) sdpa.set_parameter("value.bias", std::vector<float>(d, 0.0f));
        Sequences x(3, 9, d);
        x.lengths = {9, 4, 1};
        ForwardState training;
        training.training = true;
        for (const ForwardState& state : {ForwardState{}, training}) {
            const LayerPass a = optimised.run(x, state), b = sdpa.run(x, state);
            EXPECT_LT(greatest_difference(a.output, b.output), 1e-6);
            EXPECT_LT(greatest_difference(a.d_input, b.d_input), 5e-6);
            for (const auto& [name, values] : a.d_parameters) {
                EXPECT_LT(greatest_difference(values, b.d_parameters.at(name)), 2e-5) << name;
            }
            EXPECT_EQ(a.d_parameters.size() + (bias ? 2 : 1), b.d_parameters.size());
        }
        EXPECT_LT(greatest_difference(optimised.weights(x), sdpa.weights(x)), 1e-6);
    }
}

TEST_P(Identities, OutputsOfOptimisedAreItsWeightsTimesItsInput) {
    constexpr int64_t d = 12, n = 9, heads = 3, head_dim = d / heads;
    LayerSettings of_layer = settings("optimised", d, heads, true);
    of_layer.device = GetParam();
    TestLayer test(of_layer);
    Sequences x(1, n, d);
    const std::vector<float> weights = test.weights(x), kernel = test.parameter("output.weight"),
                             bias = test.parameter("output.bias"), output = test.run(x).output;
    for (int64_t t = 0; t < n; ++t) {
        std::vector<double> head(d, 0.0);
        for (int64_t c = 0; c < d; ++c) {
            const float* row = weights.data() + (c / head_dim * n + t) * n;
            for (int64_t key = 0; key < n; ++key) head[c] += static_cast<double>(row[key]) * x.token(0, key)[c];
        }
        for (int64_t out = 0; out < d; ++out) {
            double wanted = bias[out];
            for (int64_t c = 0; c < d; ++c) wanted += head[c] * kernel[out * d + c];
            ASSERT_NEAR(output[t * d + out], wanted, 2e-6);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Devices, Identities, testing::Values("cpu", "reference"));

TEST(AttentionTypes, OneHeadAndHeadsOfOneFeatureWork) {
    for (const AttentionType& type : attention_types()) {
        for (const int64_t heads : {1, 5}) {
            TestLayer cpu(settings(type.name, 5, heads, true));
            LayerSettings plain = settings(type.name, 5, heads, true);
            plain.device = "reference";
            TestLayer reference(plain);
            const Sequences x(2, 6, 5);
            const LayerPass a = cpu.run(x), b = reference.run(x);
            EXPECT_LT(greatest_difference(a.output, b.output), 1e-6) << type.name << ", " << heads << " heads";
            EXPECT_LT(greatest_difference(a.d_input, b.d_input), 5e-6) << type.name << ", " << heads << " heads";
        }
    }
}

TEST(AttentionTypes, MemoryGrowsAsTheNumberOfTokens) {
    const auto peak = [](const char* type, int64_t n) {
        LayerSettings of_layer = settings(type, 32, 2, true);
        of_layer.max_tokens = n;
        TestLayer test(of_layer);
        test.context().allocator().reset_peak();
        const size_t before = test.context().allocator().bytes_in_use();
        test.run(Sequences(1, n, 32));
        return static_cast<double>(test.context().allocator().peak_bytes() - before);
    };
    for (const char* type : {"sdpa", "optimised"}) {
        for (const int64_t n : {512, 1024}) {
            const double once = peak(type, n), twice = peak(type, 2 * n);
            EXPECT_LE(twice, 2.1 * once) << type << " at " << n << " tokens";
            // Input, query, key, heads and output alone are 5 matrices: the peak that was measured is that of a pass.
            EXPECT_GE(twice, 5.0 * static_cast<double>(2 * n * 32 * 4)) << type << " at " << n << " tokens";
        }
    }
}

}  // namespace
}  // namespace heed::test
