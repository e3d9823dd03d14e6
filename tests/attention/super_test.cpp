#include "heed/attention/types/super.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "heed/core/error.h"
#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::super_test {
namespace {

constexpr int64_t dim = 6, longest = 8;

LayerSettings settings(AttentionPattern pattern, int64_t keys = longest) {
    LayerSettings result;
    result.type = "super";
    result.pattern = pattern;
    result.dim = dim;
    result.heads = 2;
    (is_cross(pattern) ? result.max_source_tokens : result.max_tokens) = keys;
    return result;
}

constexpr AttentionPattern self = AttentionPattern::noncausal_self, causal = AttentionPattern::causal_self,
                           cross = AttentionPattern::noncausal_cross, causal_cross = AttentionPattern::causal_cross;

LayerInput input(AttentionPattern pattern, int64_t keys) {
    if (is_cross(pattern)) return {Sequences(2, 5, dim), Sequences(2, keys, dim, 2)};
    return {Sequences(2, keys, dim)};
}

/// The leading block of a square matrix.
std::vector<float> block(const std::vector<float>& matrix, int64_t side, int64_t keep) {
    std::vector<float> result;
    for (int64_t row = 0; row < keep; ++row) {
        const auto begin = matrix.begin() + row * side;
        result.insert(result.end(), begin, begin + keep);
    }
    return result;
}

TEST(Super, AShorterInputUsesTheLeadingBlock) {
    constexpr int64_t length = 5;
    for (const AttentionPattern pattern : {self, causal, cross, causal_cross}) {
        SCOPED_TRACE(attention_pattern_name(pattern));
        TestLayer long_layer(settings(pattern)), short_layer(settings(pattern, length));
        short_layer.set_parameter("alignment.weight", block(long_layer.parameter("alignment.weight"), longest, length));
        const LayerInput x = input(pattern, length);
        const LayerPass a = long_layer.run(x), b = short_layer.run(x);
        EXPECT_LT(greatest_difference(a.output, b.output), 1e-6);
        EXPECT_LT(greatest_difference(a.d_keys(), b.d_keys()), 5e-6);
        const std::vector<float>& gradient = a.d_parameters.at("alignment.weight");
        EXPECT_LT(greatest_difference(block(gradient, longest, length), b.d_parameters.at("alignment.weight")), 5e-6);
        for (int64_t i = 0; i < longest * longest; ++i) {
            if (i / longest >= length || i % longest >= length) {
                EXPECT_EQ(gradient[i], 0.0f) << i;
            }
        }
    }
}

TEST(Super, APartOfASequenceIsMixedAtItsPlaces) {
    for (const AttentionPattern pattern : {self, cross}) {
        TestLayer layer(settings(pattern));
        const NoGradient guard(layer.context());
        LayerInput whole = input(pattern, 6), part = input(pattern, 4);
        // The second sequence has two tokens; what stands behind them is not looked at.
        const std::vector<std::vector<int64_t>> kept = {{0, 2, 3, 5}, {1, 4}};
        const std::vector<int32_t> places = {0, 2, 3, 5, 1, 4, 0, 0}, lengths = {4, 2};
        for (int64_t sample = 0; sample < 2; ++sample) {
            for (size_t i = 0; i < kept[sample].size(); ++i) {
                std::copy_n(whole.keys().token(sample, kept[sample][i]), dim, part.keys().token(sample, i));
            }
            for (int64_t token = 0; token < 6; ++token) {
                if (std::count(kept[sample].begin(), kept[sample].end(), token) == 0) {
                    std::fill_n(whole.keys().token(sample, token), dim, 0.0f);
                }
            }
        }
        AttentionInput x = layer.constants(part);
        x.mask.key_lengths = Tensor::from_host(layer.context(), {2}, std::span<const int32_t>(lengths));
        x.mask.key_places = Tensor::from_host(layer.context(), {2, 4}, std::span<const int32_t>(places));
        const std::vector<float> got = layer.layer().head_values(x).to_vector();
        const std::vector<float> want = layer.layer().head_values(layer.constants(whole)).to_vector();
        for (int64_t head = 0; head < 4; ++head) {
            for (size_t i = 0; i < kept[head / 2].size(); ++i) {
                for (int64_t c = 0; c < dim / 2; ++c) {
                    ASSERT_NEAR(got[(head * 4 + i) * dim / 2 + c], want[(head * 6 + kept[head / 2][i]) * dim / 2 + c],
                                1e-5);
                }
            }
        }
    }
}

TEST(Super, ALongerInputIsRefusedWithBothLengths) {
    for (const AttentionPattern pattern : {self, causal, cross, causal_cross}) {
        TestLayer layer(settings(pattern));
        const std::string message = message_of<UserError>([&] { layer.run(input(pattern, longest + 3)); });
        EXPECT_TRUE(contains(message, "at most 8 tokens, got 11")) << message;
        EXPECT_NO_THROW(layer.run(input(pattern, longest)));
    }
}

TEST(Super, TheLengthOfTheTargetIsFreeInCrossAttention) {
    TestLayer layer(settings(cross));
    EXPECT_EQ(layer.run({Sequences(1, 30, dim), Sequences(1, longest, dim, 2)}).output.size(), 30U * dim);
}

TEST(Super, StartsNearEfficientAttention) {
    for (const AttentionPattern pattern : {self, causal, cross, causal_cross}) {
        Context context;
        const auto layer = make_super(
            {.dim = dim, .heads = 2, .pattern = pattern, .max_tokens = longest, .max_source_tokens = longest},
            AttentionOptions());
        ParameterStore store(context, *layer, 1);
        const auto found = std::find_if(store.parameters().begin(), store.parameters().end(), [](Parameter* each) {
            return each->parts().front().name == "alignment.weight";
        });
        ASSERT_NE(found, store.parameters().end());
        const Parameter& alignment = **found;
        EXPECT_FALSE(alignment.decay()) << "weight decay would pull it towards 0";
        const std::vector<float> values = alignment.value().to_vector();
        for (int64_t i = 0; i < longest * longest; ++i) {
            const float start = i / longest == i % longest ? 1.0f : 0.0f;
            EXPECT_NEAR(values[i], start, 0.1f) << i;
            EXPECT_EQ(values[i] == start, pattern == causal && i % longest > i / longest) << i;
        }
    }
}

TEST(Super, WhatIsAboveTheDiagonalPlaysNoPartInCausalSelfAttention) {
    TestLayer layer(settings(causal));
    const LayerInput x = input(causal, longest);
    const LayerPass before = layer.run(x);
    std::vector<float> alignment = layer.parameter("alignment.weight");
    for (int64_t i = 0; i < longest * longest; ++i) {
        if (i % longest > i / longest) alignment[i] = not_a_number;
    }
    layer.set_parameter("alignment.weight", alignment);
    const LayerPass after = layer.run(x);
    EXPECT_EQ(before.output, after.output);
    EXPECT_EQ(before.d_input, after.d_input);
    EXPECT_EQ(before.d_parameters, after.d_parameters);
    const std::vector<float>& gradient = after.d_parameters.at("alignment.weight");
    for (int64_t i = 0; i < longest * longest; ++i) {
        EXPECT_EQ(gradient[i] == 0.0f, i % longest > i / longest) << i;
    }
}

TEST(Super, TheAlignmentIsOneForAllHeads) {
    TestLayer layer(settings(self));
    LayerSettings with_one_head = settings(self);
    with_one_head.heads = 1;
    EXPECT_EQ(layer.parameter("alignment.weight").size(), static_cast<size_t>(longest * longest));
    EXPECT_EQ(layer.layer().parameter_count(), TestLayer(with_one_head).layer().parameter_count());
}

}  // namespace
}  // namespace heed::test::super_test
