#include "heed/core/module/token_dropout.h"

#include <gtest/gtest.h>

#include <vector>

#include "heed/core/device/context.h"

namespace heed::test::token_dropout_test {

namespace {

std::vector<float> after(TokenDropout& module, Context& context, const Shape& shape, const ForwardState& state) {
    const std::vector<float> ones(static_cast<size_t>(shape.elements()), 1.0F);
    const Variable y = module.forward(Variable(Tensor::from_host(context, shape, std::span<const float>(ones))), state);
    EXPECT_EQ(y.shape(), shape);
    std::vector<float> values(ones.size());
    y.value().copy_to_host(values.data());
    return values;
}

TEST(TokenDropout, DropsWholeTokensAndLeavesTheirMean) {
    Context context;
    TokenDropout module(0.25);
    const std::vector<float> y = after(module, context, {50, 40, 3}, {.training = true, .seed = 2, .step = 9});
    int64_t dropped = 0;
    for (size_t token = 0; token < y.size(); token += 3) {
        EXPECT_EQ(y[token], y[token + 1]);
        EXPECT_EQ(y[token], y[token + 2]);
        if (y[token] == 0.0F) {
            ++dropped;
        } else {
            EXPECT_FLOAT_EQ(y[token], 1.0F / 0.75F);
        }
    }
    EXPECT_NEAR(static_cast<double>(dropped), 500, 100);
}

TEST(TokenDropout, TextsOfABatchLoseDifferentTokensWhereverItIsParted) {
    Context context;
    TokenDropout module(0.5);
    ForwardState state{.training = true, .seed = 2, .step = 9};
    const std::vector<float> whole = after(module, context, {4, 32, 1}, state);
    std::vector<float> parts = after(module, context, {1, 32, 1}, state);
    EXPECT_NE(parts, std::vector<float>(whole.begin() + 32, whole.begin() + 64));
    state.first_sample = 1;
    const std::vector<float> rest = after(module, context, {3, 32, 1}, state);
    parts.insert(parts.end(), rest.begin(), rest.end());
    EXPECT_EQ(parts, whole);
}

TEST(TokenDropout, IsForTrainingOnly) {
    Context context;
    TokenDropout module(0.5);
    EXPECT_EQ(after(module, context, {2, 8, 2}, {}), std::vector<float>(32, 1.0F));
    EXPECT_TRUE(after(module, context, {0, 8, 2}, {.training = true}).empty());
    EXPECT_TRUE(after(module, context, {2, 0, 2}, {.training = true}).empty());
}

}  // namespace

}  // namespace heed::test::token_dropout_test
