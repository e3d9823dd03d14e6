#include "heed/attention/windows/local_attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::local_attention_test {
namespace {

constexpr int64_t dim = 16, heads = 2;

LayerSettings settings(const std::string& type, AttentionPattern pattern, int64_t window) {
    LayerSettings result;
    result.type = type;
    result.pattern = pattern;
    result.dim = dim;
    result.heads = heads;
    result.configure = [window](AttentionOptions& options) {
        if (auto* own = dynamic_cast<LocalOptions*>(&options)) own->window = window;
    };
    return result;
}

constexpr AttentionPattern patterns[] = {AttentionPattern::noncausal_self, AttentionPattern::causal_self};

TEST(LocalAttention, IsSdpaToTheBitWhereTheWindowHoldsAll) {
    constexpr int64_t n = 300;
    for (const AttentionPattern pattern : patterns) {
        LayerSettings local = settings("local", pattern, n), dense = settings("sdpa", pattern, n);
        local.dropout = dense.dropout = 0.2;
        TestLayer a(local), b(dense);
        LayerInput x{Sequences(2, n, dim)};
        x.query.lengths = {210, 300};
        ForwardState training;
        training.training = true;
        for (const ForwardState& state : {ForwardState{}, training}) {
            const LayerPass of_a = a.run(x, state), of_b = b.run(x, state);
            EXPECT_EQ(of_a.output, of_b.output);
            EXPECT_EQ(of_a.d_input, of_b.d_input);
            EXPECT_EQ(of_a.d_parameters, of_b.d_parameters);
        }
    }
}

TEST(LocalAttention, SeesItsWindowAndNothingElse) {
    constexpr int64_t n = 200, window = 5, changed = 131;
    for (const AttentionPattern pattern : patterns) {
        const bool causal = pattern == AttentionPattern::causal_self;
        TestLayer test(settings("local", pattern, window));
        Sequences x(1, n, dim);
        const std::vector<float> before = test.run(x).output;
        std::fill_n(x.token(0, changed), dim, not_a_number);
        const std::vector<float> after = test.run(x).output;
        for (int64_t t = 0; t < n; ++t) {
            const bool sees = causal ? t >= changed && t < changed + window : std::abs(t - changed) <= window;
            EXPECT_EQ(std::isnan(after[t * dim]), sees) << t;
            if (!sees) {
                EXPECT_EQ(greatest_difference(before, after, t * dim, (t + 1) * dim), 0) << t;
            }
        }
    }
}

TEST(LocalAttention, CountsWhatItComputes) {
    for (const AttentionPattern pattern : patterns) {
        const bool causal = pattern == AttentionPattern::causal_self;
        TestLayer test(settings("local", pattern, 4));
        for (const int64_t n : {1, 4, 5, 30}) {
            double pairs = 0, all = 0;
            for (int64_t t = 0; t < n; ++t) {
                for (int64_t key = 0; key < (causal ? t + 1 : n); ++key) {
                    ++all;
                    pairs += causal ? t - key < 4 : std::abs(t - key) <= 4;
                }
            }
            EXPECT_DOUBLE_EQ(test.layer().score_share(n, n), pairs / all) << n;
        }
        EXPECT_EQ(test.layer().multiplies(30, 30), 4 * 30 * dim * dim + 2 * 30 * (causal ? 4 : 9) * dim);
        EXPECT_TRUE(contains(test.layer().remark(30, 30), "% of the scores for 30 tokens"));
        EXPECT_TRUE(contains(test.layer().remark(4, 4), "the same as sdpa"));
    }
}

TEST(LocalAttention, TheCoveredMassIsThatOfTheWindow) {
    TestLayer local(settings("local", AttentionPattern::noncausal_self, 2)),
        dense(settings("sdpa", AttentionPattern::noncausal_self, 2));
    LayerInput x{Sequences(2, 9, dim)};
    x.query.lengths = {4, 9};
    const std::vector<float> weights = dense.weights(x);
    for (int64_t head = 0; head < heads; ++head) {
        double mass = 0;
        for (int64_t sample = 0; sample < 2; ++sample) {
            for (int64_t t = 0; t < x.query.lengths[sample]; ++t) {
                for (int64_t key = 0; key < 9; ++key) {
                    if (std::abs(t - key) <= 2) mass += weights[((sample * heads + head) * 9 + t) * 9 + key];
                }
            }
        }
        EXPECT_NEAR(local.layer().covered_mass(local.constants(x))[head], mass / 13, 1e-6);
    }
}

}  // namespace
}  // namespace heed::test::local_attention_test
