#include "heed/attention/linear/cosformer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/definitions/products.h"
#include "heed/tests/support/kernel_paths.h"

namespace heed::test::cosformer_test {
namespace {

constexpr int64_t batch = 2, dim = 12, heads = 3, head_dim = 4, tokens = 7, source_tokens = 9;

LayerSettings settings(AttentionPattern pattern = AttentionPattern::noncausal_self) {
    LayerSettings result;
    result.type = "cosformer";
    result.pattern = pattern;
    result.dim = dim;
    result.heads = heads;
    return result;
}

definitions::Values wide(const std::vector<float>& values) {
    return {values.begin(), values.end()};
}

/// relu(q_i).relu(k_j) cos(pi (i - j) / 2 M), pair by pair.
definitions::Values cosformer(const definitions::Values& query, const definitions::Values& key,
                              const definitions::Values& value, int64_t keys, const definitions::Integers& lengths,
                              const definitions::Integers& periods) {
    definitions::Values out(query.size(), 0.0);
    for (int64_t row = 0; row < batch * tokens * heads; ++row) {
        const int64_t h = row % heads, i = row / heads % tokens, b = row / heads / tokens;
        std::vector<double> sum(head_dim, 0.0);
        double total = 0;
        for (int64_t j = 0; j < lengths[static_cast<size_t>(b)]; ++j) {
            double product = 0;
            const auto of_key = static_cast<size_t>((b * keys + j) * dim + h * head_dim);
            for (int64_t r = 0; r < head_dim; ++r) {
                product += std::max(query[static_cast<size_t>(row * head_dim + r)], 0.0) *
                           std::max(key[of_key + static_cast<size_t>(r)], 0.0);
            }
            product *= std::cos(std::numbers::pi / 2 * static_cast<double>(i - j) /
                                static_cast<double>(periods[static_cast<size_t>(b)]));
            total += product;
            for (int64_t r = 0; r < head_dim; ++r) {
                sum[static_cast<size_t>(r)] += product * value[of_key + static_cast<size_t>(r)];
            }
        }
        for (int64_t r = 0; r < head_dim; ++r) {
            out[static_cast<size_t>(row * head_dim + r)] = sum[static_cast<size_t>(r)] / std::max(total, 1e-6);
        }
    }
    return out;
}

TEST(Cosformer, IsItsDefinition) {
    for (const AttentionPattern pattern : {AttentionPattern::noncausal_self, AttentionPattern::noncausal_cross}) {
        for (const char* device : {"cpu", "reference"}) {
            LayerSettings of_layer = settings(pattern);
            of_layer.device = device;
            TestLayer test(of_layer);
            LayerInput x{Sequences(batch, tokens, dim)};
            if (is_cross(pattern)) x.source = Sequences(batch, source_tokens, dim, 2);
            const int64_t keys = x.keys().tokens;
            x.keys().lengths = {5, static_cast<int32_t>(keys)};
            const auto project = [&](const std::string& name, const definitions::Values& from) {
                return definitions::linear(from, wide(test.parameter(name + ".weight")),
                                           wide(test.parameter(name + ".bias")), dim, dim);
            };
            const definitions::Integers periods =
                is_cross(pattern) ? definitions::Integers{tokens, keys} : definitions::Integers{5, tokens};
            const definitions::Values wanted = project(
                "output", cosformer(project("query", wide(x.query.values)), project("key", wide(x.keys().values)),
                                    project("value", wide(x.keys().values)), keys, {5, keys}, periods));
            const std::vector<float> got = test.run(x).output;
            // In self-attention tokens behind the length have no meaning.
            const int64_t first = is_cross(pattern) ? tokens * dim : 5 * dim;
            EXPECT_LT(relative_difference(got, {wanted.begin(), wanted.end()}, 0, first), 5e-6) << device;
            EXPECT_LT(relative_difference(got, {wanted.begin(), wanted.end()}, tokens * dim), 5e-6) << device;
        }
    }
}

/// Without a positive component of its query a head is 0.
TEST(Cosformer, GivesZerosWhereAQueryHasNoFeatures) {
    TestLayer test(settings());
    test.set_parameter("query.weight", std::vector<float>(dim * dim, 0.0f));
    test.set_parameter("query.bias", std::vector<float>(dim, -1.0f));
    const std::vector<float> output = test.run(Sequences(batch, tokens, dim)).output;
    const std::vector<float> bias = test.output_bias();
    for (size_t i = 0; i < output.size(); ++i) EXPECT_EQ(output[i], bias[i % dim]);
}

TEST(Cosformer, WeightsFallWithTheDistance) {
    TestLayer test(settings());
    for (const char* name : {"query", "key"}) {
        test.set_parameter(std::string(name) + ".weight", std::vector<float>(dim * dim, 0.0f));
        test.set_parameter(std::string(name) + ".bias", std::vector<float>(dim, 1.0f));
    }
    const std::vector<float> weights = test.weights(Sequences(1, tokens, dim));
    for (int64_t i = 0; i < tokens; ++i) {
        double sum = 0;
        const auto share = [&](int64_t j) {
            return std::cos(std::numbers::pi / 2 * static_cast<double>(i - j) / static_cast<double>(tokens));
        };
        for (int64_t j = 0; j < tokens; ++j) sum += share(j);
        for (int64_t j = 0; j < tokens; ++j)
            EXPECT_NEAR(weights[i * tokens + j], share(j) / sum, 1e-6) << i << " " << j;
    }
}

TEST(Cosformer, SaysWhatItComputes) {
    TestLayer test(settings());
    EXPECT_EQ(test.layer().remark(64, 64), "cosformer multiplies 12.5 % of what the scores of sdpa need");
    EXPECT_EQ(test.layer().remark(8, 8),
              "cosformer multiplies 100.0 % of what the scores of sdpa need; sdpa would need no more");
}

}  // namespace
}  // namespace heed::test::cosformer_test
