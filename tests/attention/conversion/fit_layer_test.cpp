#include "heed/attention/conversion/fit_layer.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "heed/attention/conversion/alignment_fit.h"
#include "heed/attention/conversion/best_assignment.h"
#include "heed/attention/conversion/convert_weights.h"
#include "heed/attention/conversion/output_fit.h"
#include "heed/attention/conversion/token_rows.h"
#include "heed/core/error.h"
#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::fit_layer_test {
namespace {

constexpr AttentionPattern patterns[] = {AttentionPattern::noncausal_self, AttentionPattern::causal_self,
                                         AttentionPattern::noncausal_cross, AttentionPattern::causal_cross};
constexpr int64_t dim = 12, tokens = 7, samples = 24;

LayerSettings settings(const std::string& type, AttentionPattern pattern) {
    LayerSettings settings = {
        .type = type, .pattern = pattern, .dim = dim, .heads = 3, .max_tokens = tokens, .max_source_tokens = tokens};
    settings.configure = cut_short_sequences;
    return settings;
}

Tensor on_device(Context& context, const Sequences& sequences) {
    return Tensor::from_host(context, {sequences.batch, sequences.tokens, sequences.dim}, sequences.values);
}

/// Batches in which every third sequence has `tokens` tokens, others less. `padding`: what stands behind them.
LayerInputs inputs(Context& context, AttentionPattern pattern, int64_t batches = 5, float padding = 0.5f) {
    LayerInputs all;
    for (int64_t batch = 0; batch < batches; ++batch) {
        Sequences keys(samples, tokens, dim, static_cast<uint32_t>(2 * batch + 1));
        std::vector<int32_t> lengths;
        for (int64_t sample = 0; sample < samples; ++sample) {
            lengths.push_back(static_cast<int32_t>(tokens - sample % 3));
            for (int64_t token = lengths.back(); token < tokens; ++token) {
                std::fill_n(keys.token(sample, token), dim, padding);
            }
        }
        AttentionInput input;
        input.query = Variable(on_device(context, keys));
        input.mask.key_lengths = Tensor::from_host(context, {samples}, lengths);
        if (is_cross(pattern)) {
            input.source = input.query;
            Sequences queries(samples, tokens, dim, static_cast<uint32_t>(2 * batch + 2));
            input.query = Variable(on_device(context, queries));
            input.mask.query_lengths = input.mask.key_lengths;
        }
        all.push_back(std::move(input));
    }
    return all;
}

/// Share of the variance of what `old` gives that `now` gives, over the real queries of these batches.
double direct_r2(Attention& old, Attention& now, const LayerInputs& batches) {
    double error = 0.0, variation = 0.0, count = 0.0;
    Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(dim);
    for (const AttentionInput& input : batches) {
        const TokenRows rows = layer_rows(old, input);
        mean += rows.cast<double>().colwise().sum();
        count += static_cast<double>(rows.rows());
    }
    mean /= count;
    for (const AttentionInput& input : batches) {
        const Eigen::MatrixXd target = layer_rows(old, input).cast<double>();
        error += (layer_rows(now, input).cast<double>() - target).squaredNorm();
        variation += (target.rowwise() - mean).squaredNorm();
    }
    return 1.0 - error / variation;
}

TEST(BestAssignment, HasTheGreatestSumOfAllPermutations) {
    for (int64_t n = 0; n <= 5; ++n) {
        Eigen::MatrixXd gains(n, n);
        for (int64_t i = 0; i < n * n; ++i) gains(i / n, i % n) = std::sin(static_cast<double>(7 * i * i + 3 * i + n));
        std::vector<int64_t> order(static_cast<size_t>(n));
        std::iota(order.begin(), order.end(), 0);
        const auto sum = [&](const std::vector<int64_t>& columns) {
            double total = 0.0;
            for (int64_t row = 0; row < n; ++row) total += gains(row, columns[static_cast<size_t>(row)]);
            return total;
        };
        double best = sum(order);
        while (std::next_permutation(order.begin(), order.end())) best = std::max(best, sum(order));
        const std::vector<int64_t> found = best_assignment(gains);
        EXPECT_TRUE(std::is_permutation(order.begin(), order.end(), found.begin(), found.end()));
        EXPECT_NEAR(sum(found), best, 1e-12) << n;
    }
}

TEST(OutputFit, SolvesTheDampedNormalEquations) {
    for (const bool bias : {true, false}) {
        TokenRows features(40, 3), targets(40, 3);
        for (int64_t i = 0; i < features.size(); ++i) {
            features.data()[i] = std::sin(static_cast<float>(i * i));
            targets.data()[i] = 2.0f + std::cos(static_cast<float>(5 * i)) + features.data()[(i * 7) % 120];
        }
        OutputFit fit(3, bias);
        fit.add(features.topRows(11), targets.topRows(11));
        fit.add(features.bottomRows(29), targets.bottomRows(29));
        const int64_t size = bias ? 4 : 3;
        Eigen::MatrixXd phi = Eigen::MatrixXd::Ones(40, size), start = Eigen::MatrixXd::Constant(size, 3, 0.25);
        phi.leftCols(3) = features.cast<double>();
        const Eigen::MatrixXd y = targets.cast<double>();
        const double lambda = 1e-4 * phi.leftCols(3).squaredNorm() / 3;
        Eigen::MatrixXd left = phi.transpose() * phi, right = phi.transpose() * y;
        left.diagonal().head(3).array() += lambda;
        right.topRows(3) += lambda * start.topRows(3);
        const Eigen::MatrixXd expected = left.inverse() * right, map = fit.solve(start);
        EXPECT_LT((map - expected).norm(), 1e-5 * expected.norm()) << bias;
        const Eigen::MatrixXd centred = y.rowwise() - y.colwise().mean();
        EXPECT_NEAR(fit.r2(map), 1 - (phi * map - y).squaredNorm() / centred.squaredNorm(), 1e-5) << bias;
    }
}

TEST(FitLayer, EveryPairOfTypesInEveryPatternIsNoWorseThanWithoutData) {
    for (const AttentionPattern pattern : patterns) {
        for (const AttentionType& from : attention_types()) {
            if (!from.capabilities.can(pattern)) continue;
            TestLayer old(settings(from.name, pattern));
            const LayerInputs batches = inputs(old.context(), pattern);
            const LayerInputs held_out = {batches[3]};
            for (const AttentionType& to : attention_types()) {
                // Of types that compute something of their own, the ways from and to softmax attention are enough.
                const bool own = !from.capabilities.softmax && !to.capabilities.softmax && &from != &to;
                if (own || !to.capabilities.can(pattern)) continue;
                const std::string what =
                    std::string(from.name) + " to " + to.name + ", " + attention_pattern_name(pattern);
                TestLayer now(settings(to.name, pattern), old);
                const bool kept = attention_form(old.layer()).projections && attention_form(now.layer()).projections;
                if (kept) {
                    convert_weights(AttentionWeights::of(old.layer()), attention_form(now.layer()), tokens)
                        .weights.copy_to(now.layer());
                }
                const double before = direct_r2(old.layer(), now.layer(), held_out);
                const LayerFit fit = fit_layer(old.layer(), now.layer(), batches);
                ASSERT_TRUE(fit.output_r2.has_value()) << what;
                EXPECT_EQ(fit.kept, kept || &from == &to) << what;
                if (&from == &to) {
                    EXPECT_TRUE(fit.exact && fit.fresh.empty()) << what;
                    EXPECT_GT(*fit.output_r2, 1 - 1e-6) << what;
                    continue;
                }
                if (!std::isfinite(before)) continue;  // what the old layer gives has no variance
                EXPECT_NEAR(*fit.output_r2, direct_r2(old.layer(), now.layer(), held_out), 1e-4) << what;
                if (fit.exact) {
                    EXPECT_NEAR(*fit.output_r2, before, 1e-5) << what;
                    if (std::string(from.name) != "smyrf" && std::string(to.name) != "smyrf") {
                        EXPECT_GT(*fit.output_r2, 1 - 1e-6) << what;
                    }
                } else if (kept) {
                    const bool folded = std::string(from.name) == "sdpa" && to.capabilities.softmax;
                    const double gain = folded ? 0.01 : -1e-5;
                    EXPECT_GT(*fit.output_r2, before + gain) << what;
                }
            }
        }
    }
}

TEST(FitLayer, FindsTheSlicesOfHeadsThatWereExchanged) {
    // Keys and values of head i come from slice (i + 1) % 3 of the input alone, so that the right order is exact.
    const AttentionPattern pattern = AttentionPattern::noncausal_self;
    TestLayer old(settings("sdpa", pattern)), now(settings("efficient", pattern), old);
    for (const char* name : {"key.weight", "value.weight"}) {
        std::vector<float> values = old.parameter(name);  // [out, in]
        for (int64_t i = 0; i < dim * dim; ++i) {
            if ((i / dim / 4 + 1) % 3 != i % dim / 4) values[static_cast<size_t>(i)] = 0.0f;
        }
        old.set_parameter(name, values);
    }
    const LayerFit fit = fit_layer(old.layer(), now.layer(), inputs(old.context(), pattern));
    EXPECT_TRUE(fit.moved_heads);
    EXPECT_GT(*fit.key_r2, 0.999);
    EXPECT_GT(*fit.output_r2, 0.9999);
}

TEST(FitLayer, PaddingHasNoPart) {
    const AttentionPattern pattern = AttentionPattern::noncausal_self;
    TestLayer old(settings("sdpa", pattern));
    std::vector<std::vector<float>> outputs;
    for (const float padding : {0.0f, 30.0f}) {
        TestLayer now(settings("super", pattern), old);
        fit_layer(old.layer(), now.layer(), inputs(old.context(), pattern, 5, padding));
        outputs.push_back(now.parameter("output.weight"));
    }
    EXPECT_LT(relative_difference(outputs[0], outputs[1]), 1e-3);
}

TEST(FitLayer, TellsWhatNothingCouldBeKeptOf) {
    const AttentionPattern pattern = AttentionPattern::noncausal_self;
    TestLayer sdpa(settings("sdpa", pattern)), none(settings("none", pattern), sdpa);
    const std::vector<float> before = sdpa.parameter("query.weight");
    const LayerFit fit = fit_layer(none.layer(), sdpa.layer(), inputs(sdpa.context(), pattern));
    EXPECT_FALSE(fit.kept || fit.exact);
    EXPECT_EQ(sdpa.parameter("query.weight"), before);
    const LayerFit back = fit_layer(sdpa.layer(), none.layer(), inputs(sdpa.context(), pattern));
    EXPECT_FALSE(back.kept || back.exact);
    EXPECT_LT(*back.output_r2, 0.0);  // nothing is worse than the mean
}

TEST(FitLayer, KeysThatAreRotatedStayWhereTheyAre) {
    const AttentionPattern pattern = AttentionPattern::causal_self;
    const auto rotary = [&](const char* type, double base = 100.0) {
        LayerSettings result = settings(type, pattern);
        result.rotary_base = base;
        return result;
    };
    TestLayer old(rotary("sdpa")), optimised(rotary("optimised"), old), efficient(rotary("efficient"), old);
    const LayerInputs batches = inputs(old.context(), pattern);
    EXPECT_GT(*fit_layer(old.layer(), optimised.layer(), batches).output_r2, 0.1);
    const std::string folded = message_of<UserError>([&] { fit_layer(old.layer(), efficient.layer(), batches); });
    EXPECT_TRUE(contains(folded, "'efficient' has no key projection, and with model.positions=rotary that of 'sdpa'"));
    const LayerFit back = fit_layer(efficient.layer(), old.layer(), batches);
    EXPECT_TRUE(back.exact);
    EXPECT_GT(*back.output_r2, 1 - 1e-6);
    TestLayer other(rotary("smyrf", 0.0), old);
    EXPECT_TRUE(contains(message_of<UserError>([&] { fit_layer(old.layer(), other.layer(), batches); }),
                         "had rotary positions of base 100 and has no rotary positions"));
}

TEST(FitLayer, WithoutInputsNothingIsMeasured) {
    TestLayer old(settings("sdpa", AttentionPattern::causal_self));
    TestLayer now(settings("efficient", AttentionPattern::causal_self), old);
    const LayerFit fit = fit_layer(old.layer(), now.layer(), {});
    EXPECT_FALSE(fit.exact);
    EXPECT_FALSE(fit.output_r2.has_value());
}

TEST(FitAlignment, FindsTheMatrixThatMadeTheTargets) {
    for (const AttentionPattern pattern : {AttentionPattern::noncausal_self, AttentionPattern::causal_self}) {
        TestLayer old(settings("super", pattern)), now(settings("super", pattern), old);
        std::vector<float> identity(tokens * tokens, 0.0f);
        for (size_t i = 0; i < tokens; ++i) identity[i * (tokens + 1)] = 1.0f;
        now.set_parameter("alignment.weight", identity);
        const LayerInputs batches = inputs(old.context(), pattern);
        std::vector<TokenRows> targets;
        for (const AttentionInput& input : batches) targets.push_back(layer_rows(old.layer(), input));
        const double before = 1 - direct_r2(old.layer(), now.layer(), batches);
        ASSERT_TRUE(fit_alignment(now.layer(), batches, targets, 60));
        EXPECT_LT(1 - direct_r2(old.layer(), now.layer(), batches), 0.02 * before);
        const std::vector<float> fitted = now.parameter("alignment.weight");
        if (pattern == AttentionPattern::causal_self) {
            for (size_t row = 0; row < tokens; ++row) {
                for (size_t column = row + 1; column < tokens; ++column) {
                    EXPECT_EQ(fitted[row * tokens + column], 0.0f);
                }
            }
        }
    }
}

}  // namespace
}  // namespace heed::test::fit_layer_test
