#include "heed/attention/conversion/convert_weights.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "heed/attention/conversion/own_weights.h"
#include "heed/core/error.h"
#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::convert_weights_test {
namespace {

constexpr AttentionPattern patterns[] = {AttentionPattern::noncausal_self, AttentionPattern::causal_self,
                                         AttentionPattern::noncausal_cross, AttentionPattern::causal_cross};

struct Sizes {
    int64_t heads = 3;
    bool bias = true;
};

LayerSettings settings(const std::string& type, AttentionPattern pattern, const Sizes& sizes = {}) {
    return {.type = type,
            .pattern = pattern,
            .dim = 12,
            .heads = sizes.heads,
            .max_tokens = 7,
            .max_source_tokens = 7,
            .bias = sizes.bias};
}

/// Two sequences, the second with padding.
LayerInput input(AttentionPattern pattern) {
    Sequences query(2, 7, 12), source(2, 7, 12, 5);
    LayerInput input = is_cross(pattern) ? LayerInput(query, source) : LayerInput(query);
    input.keys().lengths = {7, 4};
    return input;
}

/// Whether the second layer, given the weights of the first, answers alike.
struct Swap {
    bool exact = false;
    double difference = 0.0;
};

Swap swap(TestLayer& from, TestLayer& to, AttentionPattern pattern) {
    const ConvertedWeights converted = convert_weights(AttentionWeights::of(from.layer()), attention_form(to.layer()),
                                                       to.layer().geometry().max_keys());
    converted.weights.copy_to(to.layer());
    return {converted.exact, relative_difference(to.run(input(pattern)).output, from.run(input(pattern)).output)};
}

TEST(ConvertWeights, WeightsComeBackAsTheyWere) {
    const AttentionPattern pattern = AttentionPattern::noncausal_self;
    for (const AttentionType& type : attention_types()) {
        TestLayer one(settings(type.name, pattern)), other(settings(type.name, pattern));
        if (!attention_form(one.layer()).projections) continue;
        for (Parameter* parameter : other.store().parameters()) {
            Tensor value = parameter->value();
            value.copy_from_host(std::vector<float>(static_cast<size_t>(value.elements()), 0.0f).data());
        }
        AttentionWeights::of(one.layer()).copy_to(other.layer());
        copy_own_weights(one.layer(), other.layer());
        EXPECT_EQ(other.run(input(pattern)).output, one.run(input(pattern)).output) << type.name;
    }
}

TEST(ConvertWeights, PuttingInIdentitiesIsExactInEveryPattern) {
    const std::pair<const char*, const char*> swaps[] = {
        {"efficient", "optimised"}, {"efficient", "sdpa"},  {"efficient", "super"}, {"efficient", "smyrf"},
        {"optimised", "sdpa"},      {"optimised", "smyrf"}, {"sdpa", "smyrf"},      {"smyrf", "sdpa"}};
    for (const AttentionPattern pattern : patterns) {
        for (const auto& [from, to] : swaps) {
            TestLayer old(settings(from, pattern)), converted(settings(to, pattern));
            const Swap result = swap(old, converted, pattern);
            EXPECT_TRUE(result.exact) << from << " to " << to;
            EXPECT_LT(result.difference, 1e-5) << from << " to " << to << ", " << attention_pattern_name(pattern);
        }
    }
}

TEST(ConvertWeights, OneHeadLosesNothing) {
    const std::pair<const char*, const char*> swaps[] = {{"sdpa", "optimised"},      {"sdpa", "efficient"},
                                                         {"sdpa", "super"},          {"smyrf", "efficient"},
                                                         {"optimised", "efficient"}, {"optimised", "super"}};
    for (const AttentionPattern pattern : patterns) {
        for (const auto& [from, to] : swaps) {
            TestLayer old(settings(from, pattern, {.heads = 1})), converted(settings(to, pattern, {.heads = 1}));
            const Swap result = swap(old, converted, pattern);
            EXPECT_TRUE(result.exact) << from << " to " << to;
            EXPECT_LT(result.difference, 2e-5) << from << " to " << to << ", " << attention_pattern_name(pattern);
        }
    }
}

/// Makes a projection [out, in] one of diagonal blocks of `size`.
void keep_diagonal_blocks(TestLayer& layer, const std::string& name, int64_t size) {
    std::vector<float> values = layer.parameter(name);
    constexpr int64_t dim = 12;
    for (int64_t i = 0; i < dim * dim; ++i) {
        if (i / dim / size != i % dim / size) values[static_cast<size_t>(i)] = 0.0f;
    }
    layer.set_parameter(name, values);
}

TEST(ConvertWeights, SeveralHeadsKeepTheDiagonalBlocks) {
    for (const char* type : {"optimised", "efficient", "super"}) {
        for (const AttentionPattern pattern : patterns) {
            TestLayer old(settings("sdpa", pattern)), converted(settings(type, pattern));
            const Swap lossy = swap(old, converted, pattern);
            EXPECT_FALSE(lossy.exact) << type;
            EXPECT_GT(lossy.difference, 1e-3) << type;
            const std::vector<float> of_whole = converted.run(input(pattern)).output;
            keep_diagonal_blocks(old, "key.weight", 4);
            keep_diagonal_blocks(old, "value.weight", 4);
            // Only the bias of the values sees what lies outside of the blocks: it moved into the output's as a whole.
            const Swap exact = swap(old, converted, pattern);
            EXPECT_TRUE(exact.exact) << type;
            EXPECT_LT(exact.difference, 2e-5) << type << ", " << attention_pattern_name(pattern);
            if (std::string(type) != "optimised") {
                EXPECT_LT(relative_difference(of_whole, converted.run(input(pattern)).output), 1e-6) << type;
            }
        }
    }
}

TEST(ConvertWeights, AnAlignmentMatrixIsDropped) {
    const AttentionPattern pattern = AttentionPattern::noncausal_self;
    TestLayer old(settings("super", pattern)), converted(settings("efficient", pattern));
    EXPECT_FALSE(swap(old, converted, pattern).exact);
    std::vector<float> identity(49, 0.0f);
    for (size_t i = 0; i < 7; ++i) identity[i * 8] = 1.0f;
    old.set_parameter("alignment.weight", identity);
    const Swap result = swap(old, converted, pattern);
    EXPECT_TRUE(result.exact);
    EXPECT_LT(result.difference, 1e-5);
}

TEST(ConvertWeights, ABiasThatTheNewLayerCannotHoldIsRefused) {
    TestLayer old(settings("sdpa", AttentionPattern::noncausal_self));
    TestLayer converted(settings("efficient", AttentionPattern::noncausal_self, {.bias = false}));
    const ConvertedWeights weights = convert_weights(AttentionWeights::of(old.layer()), {});
    EXPECT_TRUE(contains(message_of<UserError>([&] { weights.weights.copy_to(converted.layer()); }),
                         "expected attention.bias=true"));
    TestLayer plain(settings("sdpa", AttentionPattern::noncausal_self, {.bias = false}));
    EXPECT_NO_THROW(convert_weights(AttentionWeights::of(plain.layer()), {}).weights.copy_to(converted.layer()));
}

}  // namespace
}  // namespace heed::test::convert_weights_test
