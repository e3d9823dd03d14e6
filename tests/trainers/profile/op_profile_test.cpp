#include "heed/trainers/profile/op_profile.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include "heed/attention/heads/head_inputs.h"
#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/attention/heads/sdpa_kernels.h"
#include "heed/attention/linear/log_features.h"
#include "heed/core/autograd/checkpoint.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/products/linear.h"
#include "heed/core/ops/shapes/reshape.h"

namespace heed::test::op_profile_test {
namespace {

OpCost cost_of(const OpProfile& profile, const std::string& op, bool backward) {
    for (const OpCost& cost : profile.costs()) {
        if (cost.op == op && cost.backward == backward) return cost;
    }
    return {};
}

TEST(OpProfile, CountsCallsMultiplyAddsAndBytesOfEachOp) {
    Context context;
    OpProfile profile(context);
    Tape& tape = context.tape();
    const Variable x = tape.leaf(Tensor::zeros(context, {5, 7})), weight = tape.leaf(Tensor::zeros(context, {3, 7}));
    const Variable bias = tape.leaf(Tensor::zeros(context, {3}));
    const Variable y = scale(linear(x, weight, bias), 2.0f);
    const OpCost forward = cost_of(profile, "linear", false);
    EXPECT_EQ(forward.calls, 1);
    EXPECT_EQ(forward.multiplies, 5 * 7 * 3);
    EXPECT_EQ(forward.bytes, 4 * (5 * 7 + 3 * 7 + 3 + 5 * 3)) << "x, weight, bias and result";
    EXPECT_EQ(cost_of(profile, "scale", false).bytes, 4 * 2 * 5 * 3);
    EXPECT_EQ(cost_of(profile, "scale", false).multiplies, 0) << "of products";
    EXPECT_EQ(cost_of(profile, "linear", true).calls, 0);
    tape.backward(y, Tensor::zeros(context, {5, 3}));
    const OpCost backward = cost_of(profile, "linear", true);
    EXPECT_EQ(backward.calls, 1);
    EXPECT_EQ(backward.multiplies, 2 * 5 * 7 * 3);
    EXPECT_GT(backward.seconds, 0.0);
    tape.clear();
    profile.clear();
    EXPECT_TRUE(profile.costs().empty());
}

/// An input of which kernels are told where its columns begin.
HeadColumns columns_of(const Variable& packed, int64_t column) {
    return {packed, column};
}

TEST(OpProfile, CountsTensorsWholeOfWhichKernelsReadColumns) {
    Context context;
    OpProfile profile(context);
    Tape& tape = context.tape();
    const int64_t batch = 2, tokens = 5, heads = 2, head_dim = 4, width = heads * head_dim;
    const Variable packed = tape.leaf(Tensor::zeros(context, {batch, tokens, 3 * width}));
    ScaledDotProduct attention;
    attention.query = columns_of(packed, 0);
    attention.key = columns_of(packed, width);
    attention.value = columns_of(packed, 2 * width);
    attention.heads = heads;
    attention.head_dim = head_dim;
    const Variable out = scaled_dot_product(attention);
    const auto packed_bytes = static_cast<double>(packed.value().bytes()), out_bytes = packed_bytes / 3;
    const auto workspace = 4.0 * static_cast<double>(sdpa_kernels(packed.value()).workspace(sdpa_shape(attention)));
    EXPECT_EQ(cost_of(profile, "scaled_dot_product", false).bytes,
              packed_bytes + out_bytes + 4 * batch * heads * tokens + workspace)
        << "the input once, the output, log-sum-exp and workspace";
    tape.backward(out, Tensor::zeros(context, out.shape()));
    EXPECT_GE(cost_of(profile, "scaled_dot_product", true).bytes, 2 * packed_bytes + 2 * out_bytes)
        << "input, output and their gradients";
    const Variable directions(Tensor::zeros(context, {1, heads, 3, head_dim}));
    tape.clear();
    log_features(columns_of(Variable(packed.value()), width), directions, 0.5f);
    EXPECT_EQ(cost_of(profile, "log_features", false).bytes,
              packed_bytes + 4 * (batch * tokens * heads * 3 + heads * 3 * head_dim));
}

TEST(OpProfile, SeesOpsThatAreNotRecordedAndThoseOfBlocksThatRunAgain) {
    Context context;
    OpProfile profile(context);
    scale(Variable(Tensor::zeros(context, {4})), 2.0f);
    EXPECT_EQ(cost_of(profile, "scale", false).calls, 1) << "without a gradient";
    const Variable x = context.tape().leaf(Tensor::zeros(context, {4}));
    using Inputs = std::array<Variable, 1>;
    const Variable y = checkpoint(Inputs{x}, ForwardState{}, [](const Inputs& inputs, const ForwardState&) {
        return SegmentOutputs{scale(inputs[0], 3.0f)};
    })[0];
    EXPECT_EQ(cost_of(profile, "scale", false).calls, 2);
    context.tape().backward(y);
    EXPECT_EQ(cost_of(profile, "scale", false).calls, 3) << "run again in backward";
    EXPECT_EQ(cost_of(profile, "scale", true).calls, 1);
    context.tape().clear();
}

TEST(OpProfile, GivesTheTimeOfAnOpWithinAnotherToItAlone) {
    Context context;
    OpProfile profile(context);
    const auto spend = [] {
        const auto start = std::chrono::steady_clock::now();
        while (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(20)) {
        }
    };
    {
        const OpScope outer(context, "outer");
        {
            const OpScope inner(context, "inner");
            spend();
        }
    }
    spend();  // in no op
    EXPECT_GE(cost_of(profile, "inner", false).seconds, 0.02);
    EXPECT_LT(cost_of(profile, "outer", false).seconds, 0.5 * cost_of(profile, "inner", false).seconds);
}

TEST(OpProfile, EndsWithItself) {
    Context context;
    { const OpProfile profile(context); }
    EXPECT_EQ(context.observer(), nullptr);
    scale(Variable(Tensor::zeros(context, {4})), 2.0f);
}

}  // namespace
}  // namespace heed::test::op_profile_test
