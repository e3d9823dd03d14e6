#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

// What is particular to each type: its numbers of parameters and multiplications, its memory, identities between types.

namespace heed::test::types_test {
namespace {

LayerSettings settings(const std::string& type, int64_t dim, int64_t heads, bool bias) {
    LayerSettings result;
    result.type = type;
    result.dim = dim;
    result.heads = heads;
    result.bias = bias;
    return result;
}

constexpr AttentionPattern patterns[] = {AttentionPattern::noncausal_self, AttentionPattern::causal_self,
                                         AttentionPattern::noncausal_cross, AttentionPattern::causal_cross};

TEST(AttentionTypes, HaveTheirNumbersOfParameters) {
    struct Counts {
        int64_t with_bias, without_bias;
    };
    const std::map<std::string, Counts> wanted = {
        {"sdpa", {4224, 4 * 32 * 32}},
        {"optimised", {3168, 3 * 32 * 32}},
        {"efficient", {2112, 2 * 32 * 32}},
        {"super", {3136, 2 * 32 * 32 + 32 * 32}},
        {"smyrf", {4224, 4 * 32 * 32}},
        {"s4d", {2656, 2624}},
        {"local", {4224, 4 * 32 * 32}},
        {"abc", {4224 + 2 * 16 * 32, 4 * 32 * 32 + 2 * 16 * 32}},
        {"performer", {4224, 4 * 32 * 32}},
        {"cosformer", {4224, 4 * 32 * 32}},
        {"lara", {4224, 4 * 32 * 32}},
        {"probsparse", {4224, 4 * 32 * 32}},
        {"nystromformer", {4224, 4 * 32 * 32}},
        {"none", {0, 0}},
        {"longshort", {4224 + 64 * 32 + 4 * 32, 4 * 32 * 32 + 64 * 32 + 4 * 32}}};
    for (const AttentionType& type : attention_types()) {
        ASSERT_TRUE(wanted.contains(type.name)) << "add the counts of " << type.name;
        for (const AttentionPattern pattern : patterns) {
            if (!type.capabilities.can(pattern)) continue;
            const auto count = [&](bool bias) {
                LayerSettings of_layer = settings(type.name, 32, 4, bias);
                of_layer.pattern = pattern;
                of_layer.max_tokens = of_layer.max_source_tokens = 32;
                return TestLayer(of_layer).layer().parameter_count();
            };
            const bool triangle = std::string(type.name) == "super" && pattern == AttentionPattern::causal_self;
            // Without a kernel for the tokens behind; one summary of a chunk in the place of 16 landmarks.
            const bool causal = pattern == AttentionPattern::causal_self;
            const bool one_sided = std::string(type.name) == "s4d" && causal;
            const bool by_chunks = std::string(type.name) == "longshort" && causal;
            const int64_t hidden = triangle ? 32 * 31 / 2 : one_sided ? 16 * 32 : by_chunks ? 15 * 4 * 32 : 0;
            const char* name = attention_pattern_name(pattern);
            EXPECT_EQ(count(true), wanted.at(type.name).with_bias - hidden) << type.name << ", " << name;
            EXPECT_EQ(count(false), wanted.at(type.name).without_bias - hidden) << type.name << ", " << name;
        }
    }
}

TEST(AttentionTypes, HaveTheirNumbersOfMultiplications) {
    constexpr int64_t n = 10, m = 14, d = 32;
    const auto wanted = [](const std::string& type, int64_t heads, int64_t tokens, int64_t keys) -> int64_t {
        const int64_t softmax = 2 * tokens * keys * d, query_and_output = 2 * tokens * d * d, projection = keys * d * d;
        if (type == "sdpa") return query_and_output + 2 * projection + softmax;
        if (type == "optimised") return query_and_output + projection + softmax;
        if (type == "efficient") return query_and_output + softmax;
        if (type == "super") return query_and_output + keys * keys * d + softmax;
        // The counts of several clusters stand in smyrf_attention_test.cpp.
        if (type == "smyrf") return query_and_output + 2 * projection + softmax;
        if (type == "local") return query_and_output + 2 * projection + softmax;  // all within the window
        if (type == "abc") return query_and_output + 2 * projection + (4 * keys + 2 * tokens) * 16 * d;
        if (type == "nystromformer") return query_and_output + 2 * projection + softmax;  // no more than landmarks
        if (type == "performer") return query_and_output + 2 * projection + 2 * 16 * (tokens + keys) * d;
        if (type == "lara") return query_and_output + 2 * projection + 2 * 16 * (tokens + keys) * d;
        if (type == "cosformer") return query_and_output + 2 * projection + 2 * (d / heads) * (tokens + keys) * d;
        // All 10 queries are selected; the counts of fewer stand in probsparse_test.cpp.
        if (type == "probsparse") return query_and_output + 2 * projection + 3 * tokens * keys * d;
        if (type == "none") return 0;
        if (type == "longshort") {  // in one window, with 16 landmarks of each head
            return query_and_output + 2 * projection + tokens * d * 16 * heads + 2 * tokens * 16 * d + softmax +
                   2 * tokens * 16 * d;
        }
        if (type == "s4d") return tokens * d * (2 * 6 * 8 + 1 + d);
        ADD_FAILURE() << "add the multiplications of " << type;
        return 0;
    };
    for (const AttentionType& type : attention_types()) {
        for (const int64_t heads : {1, 4}) {
            LayerSettings of_layer = settings(type.name, d, heads, true);
            of_layer.max_tokens = of_layer.max_source_tokens = 20;
            EXPECT_EQ(TestLayer(of_layer).layer().multiplies(n, n), wanted(type.name, heads, n, n)) << type.name;
            if (!type.capabilities.noncausal_cross) continue;
            of_layer.pattern = AttentionPattern::noncausal_cross;
            EXPECT_EQ(TestLayer(of_layer).layer().multiplies(n, m), wanted(type.name, heads, n, m)) << type.name;
        }
    }
}

class Identities : public testing::TestWithParam<const char*> {
protected:
    static constexpr int64_t d = 12, n = 9, m = 11;

    /// Two layers with the same parameters where their names are the same; those of `second` alone are the identity and
    /// 0. They have to give the same, forward and backward.
    static void expect_same(LayerSettings first, LayerSettings second, size_t more_parameters) {
        first.device = second.device = GetParam();
        first.dropout = second.dropout = 0.3;
        first.max_tokens = second.max_tokens = n + 3;
        first.max_source_tokens = second.max_source_tokens = m + 3;
        for (const AttentionPattern pattern : patterns) {
            SCOPED_TRACE(std::string(GetParam()) + ", " + attention_pattern_name(pattern));
            first.pattern = second.pattern = pattern;
            TestLayer a(first), b(second);
            LayerInput x{Sequences(3, n, d)};
            if (is_cross(pattern)) x.source = Sequences(3, m, d, 2);
            x.keys().lengths = {9, 4, 1};
            const std::map<std::string, std::vector<float>> shared = a.run(x).d_parameters;
            size_t set = 0;
            for (const auto& [name, gradient] : b.run(x).d_parameters) {
                if (shared.contains(name)) continue;
                ++set;
                b.set_parameter(name, name.ends_with(".bias") ? std::vector<float>(gradient.size(), 0.0f)
                                                              : identity(gradient.size()));
            }
            EXPECT_EQ(set, more_parameters);
            ForwardState training;
            training.training = true;
            for (const ForwardState& state : {ForwardState{}, training}) {
                const LayerPass of_a = a.run(x, state), of_b = b.run(x, state);
                EXPECT_LT(relative_difference(of_a.output, of_b.output), 1e-6);
                EXPECT_LT(relative_difference(of_a.d_input, of_b.d_input), 5e-6);
                EXPECT_LT(relative_difference(of_a.d_keys(), of_b.d_keys()), 5e-6);
                for (const auto& [name, values] : of_a.d_parameters) {
                    EXPECT_LT(relative_difference(values, of_b.d_parameters.at(name)), 2e-5) << name;
                }
            }
            EXPECT_LT(relative_difference(a.weights(x), b.weights(x)), 1e-6);
        }
    }

    static std::vector<float> identity(size_t elements) {
        const auto side = static_cast<size_t>(std::lround(std::sqrt(static_cast<double>(elements))));
        std::vector<float> result(elements, 0.0f);
        for (size_t i = 0; i < side; ++i) result[i * side + i] = 1.0f;
        return result;
    }
};

TEST_P(Identities, OptimisedIsSdpaWhoseValueProjectionIsTheIdentity) {
    expect_same(settings("optimised", d, 3, true), settings("sdpa", d, 3, true), 2);
    expect_same(settings("optimised", d, 3, false), settings("sdpa", d, 3, false), 1);
}

TEST_P(Identities, EfficientIsSdpaWhoseKeyAndValueProjectionsAreTheIdentity) {
    expect_same(settings("efficient", d, 3, true), settings("sdpa", d, 3, true), 4);
    expect_same(settings("efficient", d, 3, false), settings("sdpa", d, 3, false), 2);
}

TEST_P(Identities, EfficientIsOptimisedWhoseKeyProjectionIsTheIdentity) {
    expect_same(settings("efficient", d, 2, true), settings("optimised", d, 2, true), 2);
}

TEST_P(Identities, EfficientIsSuperWhoseAlignmentIsTheIdentity) {
    expect_same(settings("efficient", d, 3, true), settings("super", d, 3, true), 1);
    expect_same(settings("efficient", d, 1, false), settings("super", d, 1, false), 1);
}

TEST_P(Identities, OutputsOfOptimisedAreItsWeightsTimesItsInput) {
    constexpr int64_t heads = 3, head_dim = d / heads;
    LayerSettings of_layer = settings("optimised", d, heads, true);
    of_layer.device = GetParam();
    TestLayer test(of_layer);
    Sequences x(1, n, d);
    const std::vector<float> weights = test.weights(x), projection = test.parameter("output.weight"),
                             bias = test.parameter("output.bias"), output = test.run(x).output;
    for (int64_t t = 0; t < n; ++t) {
        std::vector<double> head(d, 0.0);
        for (int64_t c = 0; c < d; ++c) {
            const float* row = weights.data() + (c / head_dim * n + t) * n;
            for (int64_t key = 0; key < n; ++key) head[c] += static_cast<double>(row[key]) * x.token(0, key)[c];
        }
        for (int64_t out = 0; out < d; ++out) {
            double wanted = bias[out];
            for (int64_t c = 0; c < d; ++c) wanted += head[c] * projection[out * d + c];
            ASSERT_NEAR(output[t * d + out], wanted, 2e-6);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Devices, Identities, testing::Values("cpu", "reference"));

TEST(AttentionTypes, OneHeadAndHeadsOfOneFeatureWork) {
    for (const AttentionType& type : attention_types()) {
        for (const int64_t heads : {1, 5}) {
            LayerSettings plain = settings(type.name, 5, heads, true);
            plain.max_tokens = 6;
            TestLayer cpu(plain);
            plain.device = "reference";
            TestLayer reference(plain);
            const Sequences x(2, 6, 5);
            const LayerPass a = cpu.run(x), b = reference.run(x);
            EXPECT_LT(relative_difference(a.output, b.output), 1e-6) << type.name << ", " << heads << " heads";
            EXPECT_LT(relative_difference(a.d_input, b.d_input), 5e-6) << type.name << ", " << heads << " heads";
        }
    }
}

TEST(AttentionTypes, MemoryGrowsAsTheNumberOfTokens) {
    const auto peak = [](const std::string& type, int64_t n) {
        LayerSettings of_layer = settings(type, 32, 2, true);
        of_layer.max_tokens = n;
        TestLayer test(of_layer);
        test.context().allocator().reset_peak();
        const size_t before = test.context().allocator().bytes_in_use();
        test.run(Sequences(1, n, 32));
        return static_cast<double>(test.context().allocator().peak_bytes() - before);
    };
    for (const AttentionType& each : attention_types()) {
        const std::string type = each.name;
        for (const int64_t n : {512, 1024}) {
            const double once = peak(type, n), twice = peak(type, 2 * n);
            EXPECT_LE(twice, 2.1 * once) << type << " at " << n << " tokens";
            if (type == "none") continue;
            // Input, its gradient, query, heads and output alone are 5 matrices: the peak that was measured is that of
            // a pass.
            EXPECT_GE(twice, 5.0 * static_cast<double>(2 * n * 32 * 4)) << type << " at " << n << " tokens";
        }
    }
}

}  // namespace
}  // namespace heed::test::types_test
