#include "heed/attention/sampled/probsparse.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "heed/core/error.h"
#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::probsparse_test {
namespace {

constexpr int64_t batch = 2, dim = 12, heads = 3, tokens = 40;

LayerSettings settings(const std::string& type, int64_t factor = 2) {
    LayerSettings result;
    result.type = type;
    result.dim = dim;
    result.heads = heads;
    result.configure = [=](AttentionOptions& options) {
        if (auto* own = dynamic_cast<ProbsparseOptions*>(&options)) own->factor = factor;
    };
    return result;
}

TEST(Probsparse, IsSdpaWhereAllQueriesAreSelected) {
    TestLayer all(settings("probsparse", 10)), sdpa(settings("sdpa"));
    Sequences x(batch, tokens, dim);
    x.lengths = {tokens, 23};
    const LayerPass got = all.run(x), wanted = sdpa.run(x);
    EXPECT_LT(relative_difference(got.output, wanted.output, 0, (tokens + 23) * dim), 2e-6);
    std::vector<float> gradient = numbers(batch * tokens * dim, 77);
    std::fill(gradient.begin() + (tokens + 23) * dim, gradient.end(), 0.0f);
    EXPECT_LT(relative_difference(all.run(x, {}, gradient).d_input, sdpa.run(x, {}, gradient).d_input), 1e-5);
}

/// The rows of the weights are those of sdpa for 8 queries of a head, and even for the others.
TEST(Probsparse, GivesSelectedQueriesTheirWeightsAndOthersTheMean) {
    for (const char* device : {"cpu", "reference"}) {
        LayerSettings own = settings("probsparse"), dense = settings("sdpa");
        own.device = dense.device = device;
        Sequences x(batch, tokens, dim);
        x.lengths = {tokens, 9};
        const std::vector<float> weights = TestLayer(own).weights(x), softmax = TestLayer(dense).weights(x);
        for (int64_t head = 0; head < batch * heads; ++head) {
            const int64_t n = x.lengths[static_cast<size_t>(head / heads)];
            int64_t exact = 0;
            for (int64_t i = 0; i < n; ++i) {
                const int64_t row = (head * tokens + i) * tokens;
                const bool as_sdpa = greatest_difference(weights, softmax, row, row + tokens) < 1e-6;
                bool even = true;
                for (int64_t j = 0; j < n; ++j) even = even && weights[row + j] == 1.0f / static_cast<float>(n);
                EXPECT_TRUE(as_sdpa || even) << head << " " << i;
                exact += as_sdpa ? 1 : 0;
            }
            EXPECT_EQ(exact, n == tokens ? 8 : 6);  // 2 ceil(ln n)
        }
    }
}

TEST(Probsparse, SamplesAgainInEachStepAndAlwaysTheSameKeysOutsideOfTraining) {
    TestLayer test(settings("probsparse", 1));
    const Sequences x(batch, tokens, dim);
    const std::vector<float> evaluated = test.run(x).output;
    ForwardState state{.training = true, .seed = 8, .step = 3};
    const std::vector<float> trained = test.run(x, state).output;
    EXPECT_EQ(test.run(x, state).output, trained);
    state.step = 4;
    EXPECT_GT(greatest_difference(test.run(x, state).output, trained), 1e-3);
    state.training = false;
    EXPECT_EQ(test.run(x, state).output, evaluated);
    EXPECT_EQ(TestLayer(settings("probsparse", 1)).run(x).output, evaluated);
}

/// Small changes leave the selection as it is: the gradient is that of exact rows and of the mean.
TEST(Probsparse, HasTheGradientOfItsRowsAndOfTheMean) {
    TestLayer test(settings("probsparse", 1));
    expect_input_gradient(test, Sequences(1, 12, dim), {}, {.step = 2e-3f, .bound = 1e-2, .stride = 7});
}

TEST(Probsparse, SaysWhatItComputes) {
    TestLayer test(settings("probsparse", 5));
    EXPECT_EQ(test.layer().remark(10, 10),
              "probsparse is the same as sdpa for 10 tokens: all queries are selected (attention.factor is 5)");
    EXPECT_EQ(
        test.layer().remark(1000, 1000),
        "probsparse computes 7.0 % of the scores for 1000 tokens: 35 queries of a head, and 35 sampled keys of each "
        "query");
    EXPECT_EQ(test.layer().multiplies(1000, 1000), 4 * 1000 * dim * dim + 3 * 1000 * 35 * dim);
    EXPECT_TRUE(contains(message_of<Error>([] { make_probsparse({.dim = 8, .heads = 2}, AttentionOptions{}); }),
                         "options of probsparse"));
}

}  // namespace
}  // namespace heed::test::probsparse_test
