// ctest: cuda
#include <gtest/gtest.h>

#include <functional>

#include "heed/core/cpu/onednn/matrix_product.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/elementwise/activation.h"
#include "heed/core/ops/elementwise/cast.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/products/linear.h"
#include "heed/core/ops/rows/residual.h"
#include "heed/tests/support/bf16_values.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

// Ops whose results may be of bf16: what flows between them, and what they refuse.

namespace heed::test::bf16_activations_test {

namespace {

using Floats = std::vector<float>;

constexpr int64_t rows = 6, dim = 24, hidden = 40;
constexpr double step = 1.0 / 256;  // half the distance of two numbers of bf16, at most, relative to them

/// Calls body(context, precision is bf16) where products of bf16 are computed; those of `reference` add in double.
void for_each_bf16_context(const std::function<void(Context&)>& body) {
    cuda_emulation::set_thread_order(cuda_emulation::ThreadOrder::shuffled);
    for (const char* device : computing_devices()) {
        const std::string_view name = device;
        if (name == "cpu" && !onednn::multiplies_in_bf16()) continue;
        SCOPED_TRACE(device);
        Context context(device, name == "reference" ? Precision::f32 : Precision::bf16);
        body(context);
    }
    cuda_emulation::set_thread_order(cuda_emulation::ThreadOrder::forward);
}

Tensor tensor(Context& context, const Shape& shape, uint32_t seed, float scale = 1) {
    return Tensor::from_host(context, shape, std::span<const float>(numbers(shape.elements(), seed, scale)));
}

/// A block's second half: residual sum, norm, linear layer with activation, linear layer.
struct Network {
    explicit Network(Context& of) : context(of) {}
    Context& context;
    Variable x, branch, gain, bias, weight1, bias1, weight2, bias2;

    void make_inputs() {
        Tape& tape = context.tape();
        x = tape.leaf(tensor(context, {rows, dim}, 1));
        branch = tape.leaf(tensor(context, {rows, dim}, 2));
        gain = tape.leaf(tensor(context, {dim}, 3));
        bias = tape.leaf(tensor(context, {dim}, 4));
        weight1 = tape.leaf(tensor(context, {hidden, dim}, 5, 0.3F));
        bias1 = tape.leaf(tensor(context, {hidden}, 6));
        weight2 = tape.leaf(tensor(context, {dim, hidden}, 7, 0.3F));
        bias2 = tape.leaf(tensor(context, {dim}, 8));
    }

    /// The result and the gradients of all inputs.
    std::vector<Floats> run(DType between) {
        context.tape().clear();
        make_inputs();
        const ResidualLayerNorm sum = residual_layer_norm(x, branch, gain, bias, 1e-5F, {}, between);
        EXPECT_EQ(between, sum.normed.value().dtype());
        const Variable inner = linear_activation(sum.normed, weight1, bias1, Activation::gelu, between);
        EXPECT_EQ(between, inner.value().dtype());
        const Variable y = add(sum.sum, linear(inner, weight2, bias2));
        EXPECT_EQ(DType::f32, y.value().dtype());
        std::vector<Floats> result = {y.value().to_vector()};
        context.tape().backward(y, tensor(context, {rows, dim}, 9));
        for (const Variable* input : {&x, &branch, &gain, &bias, &weight1, &bias1, &weight2, &bias2}) {
            result.push_back(input->slot()->gradient().to_vector());
        }
        context.tape().clear();
        return result;
    }
};

TEST(Bf16Activations, ResultsAndGradientsAreThoseOfF32ToRounding) {
    Context exact("reference");
    const std::vector<Floats> want = Network(exact).run(DType::f32);
    for_each_bf16_context([&](Context& context) {
        const std::vector<Floats> got = Network(context).run(DType::bf16);
        ASSERT_EQ(want.size(), got.size());
        for (size_t i = 0; i < want.size(); ++i) {
            SCOPED_TRACE(i);
            expect_near_by_scale(got[i], want[i], 4 * step);
        }
    });
}

TEST(Bf16Activations, WhatAProductReadsMayAsWellBeRoundedBefore) {
    for_each_bf16_context([](Context& context) {
        if (context.device().precision() != Precision::bf16) return;
        const Floats values = numbers(rows * dim, 1);
        const Variable weight(tensor(context, {hidden, dim}, 2));
        const Variable wide(Tensor::from_host(context, {rows, dim}, std::span<const float>(values)));
        const Variable narrow(bf16_tensor(context, {rows, dim}, values));
        EXPECT_EQ(linear(wide, weight, {}).value().to_vector(), linear(narrow, weight, {}).value().to_vector());
    });
}

TEST(Bf16Activations, TakeHalfTheMemory) {
    Context context("reference");
    const auto kept = [&](DType between) {
        context.tape().clear();
        const Variable x(tensor(context, {64, 64}, 1));
        const Variable weight = context.tape().leaf(tensor(context, {1024, 64}, 2));
        const size_t before = context.allocator().bytes_in_use();
        const Variable y = linear_activation(x, weight, {}, Activation::gelu, between);
        return context.allocator().bytes_in_use() - before;
    };
    EXPECT_EQ(kept(DType::f32), 2 * kept(DType::bf16));
    context.tape().clear();
}

TEST(Bf16Activations, AValueOfBf16HasAGradientOfBf16) {
    for_each_bf16_context([](Context& context) {
        const Floats values = numbers(12, 1), seed = numbers(12, 2);
        const Variable x = context.tape().leaf(bf16_tensor(context, {3, 4}, values));
        const Variable y = activation(x, Activation::relu), again = activation(x, Activation::relu);
        EXPECT_EQ(DType::bf16, y.value().dtype());
        for (const Variable* each : {&y, &again}) each->slot()->add(bf16_tensor(context, {3, 4}, seed));
        context.tape().walk();
        const Tensor& gradient = x.slot()->gradient();
        EXPECT_EQ(DType::bf16, gradient.dtype());
        Floats want;
        for (size_t i = 0; i < seed.size(); ++i) want.push_back(values[i] > 0 ? 2 * seed[i] : 0);
        EXPECT_EQ(rounded_to_bf16(want), gradient.to_vector());
        context.tape().clear();
    });
}

TEST(Bf16Activations, ALinearLayerMayGiveBf16) {
    Context exact("reference");
    const auto run = [](Context& context, DType result) {
        context.tape().clear();
        const Variable x = context.tape().leaf(tensor(context, {rows, dim}, 1));
        const Variable weight = context.tape().leaf(tensor(context, {hidden, dim}, 2, 0.3F));
        const Variable bias = context.tape().leaf(tensor(context, {hidden}, 3));
        const Variable y = linear(x, weight, bias, result);
        EXPECT_EQ(result, y.value().dtype());
        const Variable wide = cast(y, DType::f32);
        std::vector<Floats> all = {wide.value().to_vector()};
        context.tape().backward(wide, tensor(context, {rows, hidden}, 4));
        for (const Variable* input : {&x, &weight, &bias}) all.push_back(input->slot()->gradient().to_vector());
        context.tape().clear();
        return all;
    };
    const std::vector<Floats> want = run(exact, DType::f32);
    for_each_bf16_context([&](Context& context) {
        const std::vector<Floats> got = run(context, DType::bf16);
        for (size_t i = 0; i < want.size(); ++i) expect_near_by_scale(got[i], want[i], 3 * step);
    });
}

TEST(Bf16Activations, CastToF32IsExactAndRoundsTheGradient) {
    for_each_bf16_context([](Context& context) {
        const Floats values = numbers(12, 1), seed = numbers(12, 2);
        const Variable x = context.tape().leaf(bf16_tensor(context, {3, 4}, values));
        const Variable y = cast(x, DType::f32);
        EXPECT_EQ(DType::f32, y.value().dtype());
        EXPECT_EQ(rounded_to_bf16(values), y.value().to_vector());
        context.tape().backward(y, Tensor::from_host(context, {3, 4}, std::span<const float>(seed)));
        EXPECT_EQ(DType::bf16, x.slot()->gradient().dtype());
        EXPECT_EQ(rounded_to_bf16(seed), x.slot()->gradient().to_vector());
        context.tape().clear();
        const Variable wide(tensor(context, {2}, 3));
        EXPECT_EQ(wide.value().raw(), cast(wide, DType::f32).value().raw()) << "nothing to do";
    });
}

TEST(Bf16Activations, AnOpThatDoesNotKnowBf16RefusesIt) {
    Context context;
    const Variable x(bf16_tensor(context, {3, 4}, numbers(12, 1)));
    EXPECT_EQ("expected a tensor of f32, got bf16", message_of<Error>([&] { scale(x, 2); }));
    EXPECT_EQ("a product of matrices of bf16 takes precision=bf16, got precision=f32", message_of<Error>([&] {
                  linear(x, Variable(tensor(context, {5, 4}, 2)), {});
              }));
    GradientSlot slot;
    slot.reset(context, {3, 4}, DType::bf16);
    EXPECT_EQ("expected a gradient of shape [3, 4] and dtype bf16, got [3, 4] and f32", message_of<Error>([&] {
                  slot.add(tensor(context, {3, 4}, 3));
              }));
}

TEST(Bf16Activations, AWatchSeesThemToo) {
    Context context;
    context.tape().watch(true);
    const Variable x = context.tape().leaf(bf16_tensor(context, {2}, {1, infinity}));
    EXPECT_EQ("the output of leaf in the model, shape [2]", context.tape().first_non_finite());
    context.tape().watch(false);
    context.tape().clear();
}

}  // namespace

}  // namespace heed::test::bf16_activations_test
