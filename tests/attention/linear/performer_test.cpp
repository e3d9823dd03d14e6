#include "heed/attention/linear/performer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/attention/linear/random_directions.h"
#include "heed/core/error.h"
#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/definitions/attention/feature_attention.h"
#include "heed/tests/definitions/products.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::performer_test {
namespace {

constexpr AttentionPattern patterns[] = {AttentionPattern::noncausal_self, AttentionPattern::causal_self,
                                         AttentionPattern::noncausal_cross, AttentionPattern::causal_cross};
constexpr int64_t batch = 2, dim = 12, heads = 3, head_dim = 4, tokens = 7, source_tokens = 9;

LayerSettings settings(const std::string& type, AttentionPattern pattern, int64_t features = 16) {
    LayerSettings result;
    result.type = type;
    result.pattern = pattern;
    result.dim = dim;
    result.heads = heads;
    result.configure = [=](AttentionOptions& options) {
        if (auto* own = dynamic_cast<PerformerOptions*>(&options)) own->features = features;
    };
    return result;
}

LayerInput input(AttentionPattern pattern, int64_t count = tokens, int64_t samples = batch) {
    LayerInput x{Sequences(samples, count, dim)};
    if (is_cross(pattern)) x.source = Sequences(samples, source_tokens, dim, 2);
    return x;
}

definitions::Values wide(const std::vector<float>& values) {
    return {values.begin(), values.end()};
}

TEST(Performer, IsItsDefinition) {
    for (const AttentionPattern pattern : patterns) {
        for (const char* device : {"cpu", "reference"}) {
            LayerSettings of_layer = settings("performer", pattern, 6);
            of_layer.device = device;
            TestLayer test(of_layer);
            LayerInput x = input(pattern);
            x.keys().lengths = {4, static_cast<int32_t>(x.keys().tokens)};
            const auto project = [&](const std::string& name, const definitions::Values& from) {
                return definitions::linear(from, wide(test.parameter(name + ".weight")),
                                           wide(test.parameter(name + ".bias")), dim, dim);
            };
            const definitions::FeatureAttention sizes{.batch = batch,
                                                      .heads = heads,
                                                      .queries = tokens,
                                                      .keys = x.keys().tokens,
                                                      .features = 6,
                                                      .head_dim = head_dim,
                                                      .key_lengths = {4, x.keys().tokens},
                                                      .causal = pattern == AttentionPattern::causal_self,
                                                      .logarithmic = true};
            definitions::Values directions =
                wide(orthogonal_directions(random_key(0, RandomPurpose::hashing, ""), heads, 6, head_dim));
            for (double& each : directions) each /= std::pow(head_dim, 0.25);
            const definitions::Values query = project("query", wide(x.query.values)),
                                      key = project("key", wide(x.keys().values)),
                                      value = project("value", wide(x.keys().values));
            const definitions::Values wanted = project(
                "output", definitions::feature_attention(
                              definitions::log_features(query, directions, 0, sizes, tokens),
                              definitions::log_features(key, directions, 0.5 / std::sqrt(4.0), sizes, x.keys().tokens),
                              value, sizes));
            expect_close(test.run(x).output, wanted, 0, 3e-6, attention_pattern_name(pattern));
        }
    }
}

TEST(Performer, ComesNearerToSoftmaxWithMoreFeatures) {
    for (const AttentionPattern pattern :
         {AttentionPattern::noncausal_self, AttentionPattern::causal_self, AttentionPattern::causal_cross}) {
        const LayerInput x = input(pattern, 30, 4);
        TestLayer sdpa(settings("sdpa", pattern));
        const std::vector<float> wanted = sdpa.run(x).output;
        const auto error = [&](int64_t features) {
            const std::vector<float> got = TestLayer(settings("performer", pattern, features)).run(x).output;
            double sum = 0;
            for (size_t i = 0; i < got.size(); ++i) sum += (got[i] - wanted[i]) * (got[i] - wanted[i]);
            return std::sqrt(sum / static_cast<double>(got.size()));
        };
        // It falls with the square root of the number of features; the first ones are orthogonal and better than
        // others.
        const double few = error(16), some = error(128), many = error(1024);
        EXPECT_LT(some, few) << attention_pattern_name(pattern);
        EXPECT_LT(many, 0.5 * few) << attention_pattern_name(pattern);
    }
}

TEST(Performer, HasTheSameDirectionsInEveryStepAndForEverySeed) {
    const AttentionPattern pattern = AttentionPattern::noncausal_self;
    TestLayer test(settings("performer", pattern));
    const LayerInput x = input(pattern);
    const std::vector<float> evaluated = test.run(x).output;
    ForwardState training{.training = true, .seed = 8, .step = 3};
    EXPECT_EQ(test.run(x, training).output, evaluated);
    training.step = 4;
    training.seed = 9;
    EXPECT_EQ(test.run(x, training).output, evaluated);
    EXPECT_EQ(TestLayer(settings("performer", pattern)).run(x).output, evaluated);
}

TEST(Performer, StaysFiniteWhereScoresAreGreat) {
    for (const AttentionPattern pattern : patterns) {
        TestLayer test(settings("performer", pattern));
        LayerInput x = input(pattern);
        for (float& each : x.query.values) each *= 100;
        for (float& each : x.keys().values) each *= x.source ? 100 : 1;
        const LayerPass pass = test.run(x);
        for (const float each : pass.output) ASSERT_TRUE(std::isfinite(each) && std::abs(each) < 1e4F);
        for (const float each : pass.d_input) ASSERT_TRUE(std::isfinite(each));
        for (const float each : pass.d_source) ASSERT_TRUE(std::isfinite(each));
    }
}

/// However many tokens there were, a step needs what the last one needed, and nothing is kept of them.
TEST(Performer, ItsCacheTakesMemoryForSumsAlone) {
    TestLayer self(settings("performer", AttentionPattern::causal_self));
    const auto cache = self.layer().make_cache(self.context(), {.batch = 2});
    const Tensor token = Tensor::zeros(self.context(), {2, 1, dim});
    self.layer().step(token, *cache);
    const size_t in_use = self.context().allocator().bytes_in_use();
    for (int i = 0; i < 100; ++i) self.layer().step(token, *cache);
    EXPECT_EQ(self.context().allocator().bytes_in_use(), in_use);

    TestLayer test(settings("performer", AttentionPattern::causal_cross));
    Context& context = test.context();
    const auto of_source = [&](int64_t length) {
        DecodingStart start{.batch = 2};
        start.source = Tensor::zeros(context, {2, length, dim});
        const auto of_cross = test.layer().make_cache(context, start);
        test.layer().step(Tensor::zeros(context, {2, 1, dim}), *of_cross);
        const size_t before = context.allocator().bytes_in_use();
        context.allocator().reset_peak();
        test.layer().step(Tensor::zeros(context, {2, 1, dim}), *of_cross);
        return context.allocator().peak_bytes() - before;
    };
    EXPECT_EQ(of_source(10), of_source(2000));
}

TEST(Performer, SaysWhatItComputes) {
    TestLayer test(settings("performer", AttentionPattern::noncausal_self));
    EXPECT_EQ(test.layer().remark(256, 256),
              "performer computes 16 features of each query and key, 12.5 % of the scores of sdpa");
    EXPECT_EQ(test.layer().remark(16, 16),
              "performer computes 16 features of each query and key, 200.0 % of the scores of sdpa; sdpa would compute "
              "no more");
    EXPECT_TRUE(contains(message_of<Error>([] { make_performer({.dim = 8, .heads = 2}, AttentionOptions{}); }),
                         "options of performer"));
}

TEST(OrthogonalDirections, AreOrthogonalAndAsLongAsNormalVectors) {
    constexpr int64_t of_heads = 40, features = 11, width = 8;
    const std::vector<float> all = orthogonal_directions({1, 2}, of_heads, features, width);
    ASSERT_EQ(all.size(), static_cast<size_t>(of_heads * features * width));
    const auto product = [&](int64_t head, int64_t a, int64_t b) {
        double sum = 0;
        for (int64_t r = 0; r < width; ++r) {
            sum += static_cast<double>(all[(head * features + a) * width + r]) * all[(head * features + b) * width + r];
        }
        return sum;
    };
    double squares = 0, fourth = 0;
    for (int64_t head = 0; head < of_heads; ++head) {
        for (int64_t a = 0; a < features; ++a) {
            const double square = product(head, a, a);
            squares += square / static_cast<double>(of_heads * features);
            fourth += square * square / static_cast<double>(of_heads * features);
            for (int64_t b = 0; b < a; ++b) {
                EXPECT_NEAR(a / width == b / width ? product(head, a, b) : 0, 0, 1e-5);
            }
        }
    }
    // Chi-squared of 8 degrees: mean 8, variance 16.
    EXPECT_NEAR(squares, 8, 1);
    EXPECT_NEAR(fourth - squares * squares, 16, 6);
    EXPECT_EQ(all, orthogonal_directions({1, 2}, of_heads, features, width));
    EXPECT_NE(all, orthogonal_directions({1, 3}, of_heads, features, width));
}

}  // namespace
}  // namespace heed::test::performer_test
