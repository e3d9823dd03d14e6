#include "heed/attention/smyrf/smyrf_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "heed/core/error.h"
#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

// SMYRF as a layer. What every type has to do is tried in properties_test.cpp.

namespace heed::test::smyrf_attention_test {
namespace {

constexpr int64_t dim = 12, heads = 3, tokens = 50;

LayerSettings settings(int64_t rounds, int64_t cluster, double dropout = 0, const char* device = "cpu") {
    LayerSettings result;
    result.type = "smyrf";
    result.device = device;
    result.dim = dim;
    result.heads = heads;
    result.dropout = dropout;
    result.configure = [=](AttentionOptions& options) {
        auto& own = dynamic_cast<SmyrfOptions&>(options);
        own.rounds = rounds;
        own.cluster = cluster;
    };
    return result;
}

SmyrfAttention& smyrf(TestLayer& test) {
    return dynamic_cast<SmyrfAttention&>(test.layer());
}

ForwardState training(uint32_t step = 3, uint64_t seed = 5, uint32_t first_sample = 0) {
    return {.training = true, .seed = seed, .step = step, .first_sample = first_sample};
}

class SmyrfLayer : public testing::TestWithParam<const char*> {};

TEST_P(SmyrfLayer, IsSdpaUpToTheClusterSize) {
    LayerSettings of_sdpa = settings(2, 32, 0.3, GetParam());
    of_sdpa.type = "sdpa";
    of_sdpa.configure = {};
    for (const int64_t rounds : {1, 2, 3}) {
        TestLayer clustered(settings(rounds, 32, 0.3, GetParam())), dense(of_sdpa);
        Sequences x(3, 32, dim);
        x.lengths = {32, 9, 0};
        for (const ForwardState& state : {ForwardState{}, training()}) {
            const LayerPass a = clustered.run(x, state), b = dense.run(x, state);
            EXPECT_EQ(a.output, b.output);
            EXPECT_EQ(a.d_input, b.d_input);
            EXPECT_EQ(a.d_parameters, b.d_parameters);
        }
        EXPECT_EQ(clustered.weights(x), dense.weights(x));
        Sequences longer(1, 33, dim);
        EXPECT_GT(greatest_difference(clustered.run(longer).output, dense.run(longer).output), 1e-3);
    }
}

TEST_P(SmyrfLayer, DirectionsFollowSeedAndStepInTrainingAndStandStillOutside) {
    TestLayer test(settings(2, 8, 0, GetParam()));
    const auto directions = [&](const ForwardState& state) {
        return smyrf(test).directions(test.context(), state).to_vector();
    };
    const std::vector<float> once = directions(training());
    ASSERT_EQ(once.size(), static_cast<size_t>(2 * heads * (dim / heads + 2)));
    EXPECT_NE(once, directions(training(4)));
    EXPECT_NE(once, directions(training(3, 6)));
    EXPECT_EQ(once, directions(training(3, 5, 100)));  // another micro-batch
    TestLayer other(settings(2, 8, 0, GetParam()));
    EXPECT_EQ(once, smyrf(other).directions(other.context(), training()).to_vector());
    const std::vector<float> outside = directions({});
    EXPECT_NE(outside, directions(training(0, 0)));
    EXPECT_EQ(outside, directions({.training = false, .seed = 9, .step = 8, .first_sample = 7}));

    const Sequences x(2, tokens, dim);
    EXPECT_EQ(test.run(x, training()).output, test.run(x, training()).output);
    EXPECT_GT(greatest_difference(test.run(x, training()).output, test.run(x, training(4)).output), 1e-3);
    EXPECT_EQ(test.run(x, {.step = 1}).output, test.run(x, {.step = 2}).output);
}

TEST(SmyrfDirections, AreNormalNumbersOfTheirOwnInEachLayer) {
    struct Two : Module {
        Two() {
            SmyrfOptions options;
            for (auto* layer : {&first, &second}) *layer = make_smyrf({.dim = 1000, .heads = 10}, options);
            add("first", *first);
            add("second", *second);
        }
        std::unique_ptr<Attention> first, second;
    } two;
    two.assign_names();
    Context context;
    const auto directions = [&](Attention& layer) {
        return dynamic_cast<SmyrfAttention&>(layer).directions(context, training()).to_vector();
    };
    const std::vector<float> values = directions(*two.first), others = directions(*two.second);
    ASSERT_EQ(values.size(), 2U * 10 * 102);
    double sum = 0, squares = 0, products = 0;
    for (size_t i = 0; i < values.size(); ++i) {
        sum += values[i];
        squares += static_cast<double>(values[i]) * values[i];
        products += static_cast<double>(values[i]) * others[i];
    }
    const auto count = static_cast<double>(values.size());
    EXPECT_NEAR(sum / count, 0, 0.1);
    EXPECT_NEAR(squares / count, 1, 0.15);
    EXPECT_NEAR(products / count, 0, 0.1);
}

TEST_P(SmyrfLayer, DoesNotDependOnMicroBatches) {
    TestLayer test(settings(2, 8, 0.3, GetParam()));
    const Sequences x(4, tokens, dim);
    const std::vector<float> gradient = numbers(4 * tokens * dim, 77);
    const auto half = static_cast<ptrdiff_t>(gradient.size() / 2);
    const LayerPass whole = test.run(x, training(), gradient);
    const LayerPass first = test.run(x.part(0, 2), training(), {gradient.begin(), gradient.begin() + half});
    const LayerPass second = test.run(x.part(2, 2), training(3, 5, 2), {gradient.begin() + half, gradient.end()});
    std::vector<float> output = first.output, d_input = first.d_input;
    output.insert(output.end(), second.output.begin(), second.output.end());
    d_input.insert(d_input.end(), second.d_input.begin(), second.d_input.end());
    EXPECT_LT(relative_difference(whole.output, output), 2e-6);
    EXPECT_LT(relative_difference(whole.d_input, d_input), 1e-5);
    for (const auto& [name, values] : whole.d_parameters) {
        std::vector<float> sum = first.d_parameters.at(name);
        for (size_t i = 0; i < sum.size(); ++i) sum[i] += second.d_parameters.at(name)[i];
        EXPECT_LT(relative_difference(values, sum), 5e-5) << name;
    }
}

TEST_P(SmyrfLayer, PaddingAndOtherSamplesHaveNoInfluence) {
    TestLayer test(settings(2, 8, 0, GetParam()));
    Sequences x(3, tokens, dim);
    x.lengths = {29, tokens, 0};
    std::vector<float> gradient = numbers(3 * tokens * dim, 77);
    std::fill(gradient.begin() + 29 * dim, gradient.begin() + tokens * dim, 0.0f);
    std::fill(gradient.begin() + 2 * tokens * dim, gradient.end(), 0.0f);
    const LayerPass before = test.run(x, {}, gradient);
    for (int64_t t = 29; t < tokens; ++t) std::fill_n(x.token(0, t), dim, 1000.0f);
    for (int64_t t = 0; t < tokens; ++t) std::fill_n(x.token(1, t), dim, static_cast<float>(t));
    const LayerPass after = test.run(x, {}, gradient);
    EXPECT_EQ(greatest_difference(before.output, after.output, 0, 29 * dim), 0);
    EXPECT_EQ(greatest_difference(before.d_input, after.d_input, 0, 29 * dim), 0);
    EXPECT_GT(greatest_difference(before.output, after.output, tokens * dim, 2 * tokens * dim), 1e-2);
    const std::vector<float> bias = test.parameter("output.bias");
    for (int64_t i = 2 * tokens * dim; i < 3 * tokens * dim; ++i) {
        ASSERT_EQ(after.output[i], bias[i % dim]);
        ASSERT_EQ(after.d_input[i], 0.0f);
    }
    EXPECT_EQ(greatest_difference(after.d_input, std::vector<float>(after.d_input.size()), 29 * dim, tokens * dim), 0);
}

TEST_P(SmyrfLayer, WeightsAreASparsePatternWhoseRowsSumToOne) {
    TestLayer test(settings(2, 8, 0, GetParam()));
    Sequences x(2, tokens, dim);
    x.lengths = {tokens, 20};
    const std::vector<float> weights = test.weights(x);
    ASSERT_EQ(weights.size(), static_cast<size_t>(2 * heads * tokens * tokens));
    for (int64_t row = 0; row < 2 * heads * tokens; ++row) {
        const int64_t length = x.lengths[row / (heads * tokens)];
        double sum = 0;
        int64_t used = 0;
        for (int64_t key = 0; key < tokens; ++key) {
            sum += weights[row * tokens + key];
            used += weights[row * tokens + key] > 0 ? 1 : 0;
        }
        ASSERT_NEAR(sum, row % tokens < length ? 1 : 0, 1e-5);
        ASSERT_LE(used, 2 * 8);
        ASSERT_GE(used, row % tokens < length ? 6 : 0);
    }
}

TEST_P(SmyrfLayer, NanStaysInItsSample) {
    TestLayer test(settings(2, 8, 0, GetParam()));
    Sequences x(2, tokens, dim);
    x.token(0, 7)[3] = not_a_number;
    const LayerPass pass = test.run(x);
    for (int64_t c = 0; c < dim; ++c) EXPECT_TRUE(std::isnan(pass.output[7 * dim + c]));
    for (size_t i = tokens * dim; i < pass.output.size(); ++i) {
        ASSERT_TRUE(std::isfinite(pass.output[i]));
        ASSERT_TRUE(std::isfinite(pass.d_input[i]));
    }
}

TEST_P(SmyrfLayer, CrossAttentionMasksQueriesAndKeys) {
    LayerSettings of_layer = settings(2, 5, 0, GetParam());
    of_layer.pattern = AttentionPattern::noncausal_cross;
    TestLayer test(of_layer);
    constexpr int64_t keys = 33;
    Context& context = test.context();
    std::vector<float> query = numbers(2 * tokens * dim, 1), source = numbers(2 * keys * dim, 2);
    const std::vector<int32_t> query_lengths = {tokens, 31}, key_lengths = {14, keys};
    const auto run = [&] {
        NoGradient guard(context);
        const auto lengths = [&](const std::vector<int32_t>& values) {
            return Tensor::from_host(context, {2}, std::span<const int32_t>(values));
        };
        const Variable from(Tensor::from_host(context, {2, keys, dim}, std::span<const float>(source)));
        const Variable to(Tensor::from_host(context, {2, tokens, dim}, std::span<const float>(query)));
        return test.layer().forward({to, from, {lengths(key_lengths), lengths(query_lengths)}}, {}).value().to_vector();
    };
    const std::vector<float> before = run();
    std::fill(query.begin() + (tokens + 31) * dim, query.end(), 50.0f);
    std::fill(source.begin() + 14 * dim, source.begin() + keys * dim, -50.0f);
    const std::vector<float> after = run();
    EXPECT_EQ(greatest_difference(before, after, 0, (tokens + 31) * dim), 0);
    source[(keys + 3) * dim] += 1;
    EXPECT_GT(greatest_difference(before, run(), tokens * dim, (tokens + 31) * dim), 1e-3);
}

TEST_P(SmyrfLayer, UsesTheDirectionsAndOrdersThatItIsGiven) {
    TestLayer test(settings(1, 25, 0, GetParam()));
    const Sequences x(1, tokens, dim);
    const std::vector<float> drawn = test.run(x).output;
    const Shape shape = {1, heads, dim / heads + 2};
    smyrf(test).fix_directions(Tensor::from_host(test.context(), shape, numbers(shape.elements(), 4)));
    EXPECT_NE(test.run(x).output, drawn);
    smyrf(test).fix_directions({});
    EXPECT_EQ(test.run(x).output, drawn);

    // Even tokens in one cluster, odd ones in the other.
    std::vector<int32_t> order;
    for (int64_t head = 0; head < heads; ++head) {
        for (int32_t t = 0; t < tokens; ++t) order.push_back(t < 25 ? 2 * t : 2 * (t - 25) + 1);
    }
    const auto tensor = [&] {
        return Tensor::from_host(test.context(), {1, heads, 1, tokens}, std::span<const int32_t>(order));
    };
    smyrf(test).fix_orders({tensor(), tensor()});
    const std::vector<float> weights = test.weights(x);
    for (size_t i = 0; i < weights.size(); ++i) {
        ASSERT_EQ(weights[i] > 0, static_cast<int64_t>(i) / tokens % 2 == static_cast<int64_t>(i) % tokens % 2) << i;
    }
    order[7] = tokens;
    if (test.context().device().shares_host_memory()) {  // elsewhere it is left to whoever uploads
        EXPECT_NE(message_of<Error>([&] {
                      smyrf(test).fix_orders({tensor(), tensor()});
                  }).find("order"),
                  std::string::npos);
    }
    smyrf(test).fix_orders({});
    EXPECT_EQ(test.run(x).output, drawn);
}

LayerSettings causal_settings(AttentionPattern pattern, const char* device = "cpu", double dropout = 0) {
    LayerSettings result = settings(2, 4, dropout, device);
    result.pattern = pattern;
    const auto configure = result.configure;
    result.configure = [=](AttentionOptions& options) {
        configure(options);
        dynamic_cast<SmyrfOptions&>(options).block = 6;
    };
    return result;
}

constexpr AttentionPattern causal_patterns[] = {AttentionPattern::causal_self, AttentionPattern::causal_cross};

LayerInput causal_input(AttentionPattern pattern, int64_t batch, int64_t length = tokens) {
    LayerInput x{Sequences(batch, length, dim)};
    if (is_cross(pattern)) x.source = Sequences(batch, 33, dim, 2);
    return x;
}

TEST_P(SmyrfLayer, CausalPatternsDoNotMixForwardButBackward) {
    for (const AttentionPattern pattern : causal_patterns) {
        TestLayer test(causal_settings(pattern, GetParam()));
        const LayerInput x = causal_input(pattern, 1);
        const std::vector<float> before = test.run(x).output;
        for (const int64_t changed : {1, 4, 5, 6, 13, 23, 24, 40, 49}) {
            LayerInput other = x;
            std::fill_n(other.query.token(0, changed), dim, 0.7f);
            const std::vector<float> after = test.run(other).output;
            EXPECT_EQ(greatest_difference(before, after, 0, changed * dim), 0) << changed;
            EXPECT_GT(greatest_difference(before, after, changed * dim, (changed + 1) * dim), 1e-3) << changed;
            if (pattern == AttentionPattern::causal_cross || changed == 49) continue;
            EXPECT_GT(greatest_difference(before, after, (changed + 1) * dim), 1e-3) << changed;
        }
        for (const int64_t length : {5, 6, 7, 12, 25, 48}) {
            LayerInput prefix = x;
            prefix.query = x.query.part(0, 1, length);
            std::vector<float> whole = before;
            whole.resize(length * dim);
            EXPECT_LT(relative_difference(test.run(prefix).output, whole), 2e-6) << length;
        }
    }
}

TEST_P(SmyrfLayer, CausalPatternsDoNotDependOnMicroBatchesNorOnPadding) {
    for (const AttentionPattern pattern : causal_patterns) {
        TestLayer test(causal_settings(pattern, GetParam(), 0.3));
        LayerInput x = causal_input(pattern, 2);
        x.keys().lengths = {20, 33};
        const std::vector<float> gradient = numbers(2 * tokens * dim, 77);
        const std::vector<float> whole = test.run(x, training(), gradient).output;
        const auto part = [&](int64_t first) {
            LayerInput result(x.query.part(first, 1));
            if (x.source) result.source = x.source->part(first, 1);
            return test.run(result, training(3, 5, static_cast<uint32_t>(first))).output;
        };
        std::vector<float> parts = part(0);
        const std::vector<float> second = part(1);
        parts.insert(parts.end(), second.begin(), second.end());
        EXPECT_LT(relative_difference(whole, parts), 2e-6);
        EXPECT_GT(greatest_difference(whole, test.run(x, training(4), gradient).output), 1e-3);
        for (int64_t t = 20; t < 33; ++t) std::fill_n(x.keys().token(0, t), dim, not_a_number);
        const std::vector<float> padded = test.run(x, training(), gradient).output;
        EXPECT_EQ(greatest_difference(whole, padded, 0, 20 * dim), 0);
        EXPECT_EQ(greatest_difference(whole, padded, tokens * dim), 0);
    }
}

TEST_P(SmyrfLayer, DecodesStepByStepAcrossBlocksAsItRunsAsAWhole) {
    for (const AttentionPattern pattern : causal_patterns) {
        TestLayer test(causal_settings(pattern, GetParam()));
        Context& context = test.context();
        LayerInput x = causal_input(pattern, 3);
        DecodingStart start;
        start.batch = 3;
        if (x.source) {
            x.source->lengths = {33, 3, 20};
            start.source = Tensor::from_host(context, {3, 33, dim}, x.source->values);
            start.source_lengths = Tensor::from_host(context, {3}, std::span<const int32_t>(x.source->lengths));
        }
        const auto cache = test.layer().make_cache(context, start);
        // Rows change places and numbers while blocks fill and the memory for keys grows twice.
        std::vector<int32_t> row_of = {0, 1, 2};
        std::vector<std::vector<float>> outputs(3);
        for (int64_t t = 0; t < tokens; ++t) {
            std::vector<int32_t> moved;
            if (t == 9) moved = {2, 0, 1, 1};
            if (t == 30) moved = {3, 0, 1};
            if (t == 40) moved = {1, 1};
            if (!moved.empty()) {
                cache->reorder(moved);
                std::vector<int32_t> rows;
                std::vector<std::vector<float>> old;
                for (const int32_t row : moved) {
                    rows.push_back(row_of[row]);
                    old.push_back(outputs[row]);
                }
                row_of = rows;
                outputs = old;
            }
            std::vector<float> in;
            for (const int32_t row : row_of) {
                in.insert(in.end(), x.query.token(row, t), x.query.token(row, t) + dim);
            }
            const auto rows = static_cast<int64_t>(row_of.size());
            const std::vector<float> out =
                test.layer().step(Tensor::from_host(context, {rows, 1, dim}, in), *cache).to_vector();
            for (int64_t row = 0; row < rows; ++row) {
                outputs[row].insert(outputs[row].end(), out.begin() + row * dim, out.begin() + (row + 1) * dim);
            }
        }
        const std::vector<float> whole = test.run(x).output;
        for (size_t row = 0; row < outputs.size(); ++row) {
            const auto wanted = whole.begin() + row_of[row] * tokens * dim;
            EXPECT_LT(relative_difference(outputs[row], {wanted, wanted + tokens * dim}), 4e-6) << row;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Devices, SmyrfLayer, testing::Values("cpu", "reference"));

TEST(SmyrfLayer, CoveredMassOfTheCausalPatterns) {
    for (const AttentionPattern pattern : causal_patterns) {
        TestLayer test(causal_settings(pattern));
        const auto covered = [&](int64_t length, int64_t source_length) {
            const auto variable = [&](int64_t count, uint32_t seed) {
                return Variable(
                    Tensor::from_host(test.context(), {1, count, dim}, Sequences(1, count, dim, seed).values));
            };
            const Variable source = is_cross(pattern) ? variable(source_length, 2) : Variable();
            return smyrf(test).covered_mass({variable(length, 1), source, {}});
        };
        for (const double mass : covered(6, 4)) EXPECT_NEAR(mass, 1, 1e-5);
        for (const double mass : covered(50, 40)) {
            EXPECT_GT(mass, 0.15);
            EXPECT_LT(mass, 0.95);
        }
    }
}

TEST(SmyrfLayer, CoveredMassIsOneForOneClusterAndLessForSeveral) {
    TestLayer one(settings(2, tokens)), several(settings(2, 8));
    const Sequences x(1, tokens, dim);
    const auto covered = [&](TestLayer& test) {
        const Variable input(Tensor::from_host(test.context(), {1, tokens, dim}, std::span<const float>(x.values)));
        return smyrf(test).covered_mass({input, {}, {}});
    };
    ASSERT_EQ(covered(one).size(), static_cast<size_t>(heads));
    for (const double mass : covered(one)) EXPECT_NEAR(mass, 1, 1e-5);
    for (const double mass : covered(several)) {
        EXPECT_GT(mass, 0.1);
        EXPECT_LT(mass, 0.95);
    }
}

TEST(SmyrfLayer, MemoryGrowsAsTheNumberOfTokens) {
    for (const AttentionPattern pattern : {AttentionPattern::noncausal_self, AttentionPattern::causal_self}) {
        const auto peak = [&](int64_t length) {
            LayerSettings of_layer = settings(2, 32);
            of_layer.pattern = pattern;
            TestLayer test(of_layer);
            test.context().allocator().reset_peak();
            const size_t before = test.context().allocator().bytes_in_use();
            test.run(Sequences(1, length, dim), training());
            return static_cast<double>(test.context().allocator().peak_bytes() - before);
        };
        for (const int64_t length : {1024, 2048}) {
            const double once = peak(length), twice = peak(2 * length);
            EXPECT_LE(twice, 2.1 * once) << length << " tokens";
            EXPECT_GE(twice, 5.0 * static_cast<double>(2 * length * dim * 4)) << length << " tokens";
        }
    }
}

TEST(SmyrfLayer, SaysWhatItComputes) {
    TestLayer test(settings(2, 32));
    EXPECT_EQ(test.layer().remark(32, 32),
              "smyrf is the same as sdpa for 32 tokens: they are one cluster (attention.cluster is 32)");
    EXPECT_EQ(test.layer().remark(128, 128),
              "smyrf computes 50.0 % of the scores for 128 tokens: 4 clusters in 2 rounds");
    EXPECT_EQ(attention_remark(test.layer(), 128), test.layer().remark(128, 128));
    EXPECT_EQ(test.layer().score_share(32, 32), 1.0);
    EXPECT_EQ(test.layer().score_share(128, 128), 0.5);
    EXPECT_EQ(mean_score_share(test.layer(), 128), 0.5);
    EXPECT_NE(test.layer().remark(40, 40).find("sdpa would compute no more"), std::string::npos);
    EXPECT_EQ(test.layer().multiplies(20, 20), 4 * 20 * dim * dim + 2 * 20 * 20 * dim);
    EXPECT_EQ(test.layer().multiplies(128, 128),
              4 * 128 * dim * dim + 2 * (2 * 128) * dim + 2 * (2 * 4 * 32 * 32) * dim);
    TestLayer self(causal_settings(AttentionPattern::causal_self));
    EXPECT_EQ(self.layer().remark(6, 6),
              "smyrf is the same as sdpa for 6 tokens: they are one block (of 6, by attention.block and "
              "attention.cluster)");
    EXPECT_EQ(self.layer().remark(12, 12),
              "smyrf computes 100.0 % of the scores for 12 tokens: 2 blocks of 6, earlier tokens by clusters of 4 in 2 "
              "rounds; sdpa would compute no more");
    EXPECT_EQ(self.layer().multiplies(12, 12),
              4 * 12 * dim * dim + 2 * (6 * 2 + 6) * dim + 2 * (2 * 36 + 2 * 6 * 3) * dim);
    TestLayer cross(causal_settings(AttentionPattern::causal_cross));
    EXPECT_EQ(cross.layer().remark(50, 4),
              "smyrf is the same as sdpa for 50 tokens and 4 of the source: they are one "
              "cluster (attention.cluster is 4)");
    EXPECT_EQ(cross.layer().remark(50, 40),
              "smyrf computes 20.0 % of the scores for 50 tokens and 40 of the source: each one of 10 clusters in 2 "
              "rounds");
    EXPECT_EQ(cross.layer().multiplies(50, 40),
              2 * 50 * dim * dim + 2 * 40 * dim * dim + 2 * (50 * 10 + 40) * dim + 2 * (2 * 50 * 4) * dim);
}

TEST(SmyrfLayer, RefusesTheOptionsOfAnotherType) {
    EXPECT_NE(message_of<Error>([] { make_smyrf({.dim = 8, .heads = 2}, AttentionOptions{}); }).find("options"),
              std::string::npos);
}

}  // namespace
}  // namespace heed::test::smyrf_attention_test
