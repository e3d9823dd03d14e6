#include "heed/core/autograd/tape.h"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/elementwise/activation.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/products/matmul.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::tape_test {

namespace {

using Floats = std::vector<float>;

/// An op whose backward does what a test wants.
struct ProbeNode final : Node {
    explicit ProbeNode(const std::function<void(Node&)>& action) : Node("probe"), action_(action) {}
    void backward() override { action_(*this); }
    const std::function<void(Node&)>& action_;
};

class TapeTest : public testing::Test {
protected:
    Tensor filled(float value, const Shape& shape = {3}) {
        const Floats values(static_cast<std::size_t>(shape.elements()), value);
        return Tensor::from_host(context_, shape, std::span<const float>(values));
    }
    Variable leaf(float value, const Shape& shape = {3}) { return tape_.leaf(filled(value, shape)); }
    static Floats gradient(const Variable& variable) { return variable.slot()->gradient().to_vector(); }

    Context context_;
    Tape& tape_ = context_.tape();
};

TEST_F(TapeTest, WalksBackThroughAGraph) {
    const Variable x = leaf(5);
    const Variable y = scale(x, 2);
    const Variable z = add(add(y, x), scale(y, 10));  // 2x + x + 20x
    tape_.backward(z);
    EXPECT_EQ(Floats(3, 115), z.value().to_vector());
    EXPECT_EQ(Floats(3, 23), gradient(x));
}

TEST_F(TapeTest, TheSeedWeighsTheOutputs) {
    const Variable x = leaf(1);
    const Floats seed = {1, -2, 0.5F};
    tape_.backward(scale(x, 3), Tensor::from_host(context_, {3}, std::span<const float>(seed)));
    EXPECT_EQ((Floats{3, -6, 1.5F}), gradient(x));
}

TEST_F(TapeTest, WithoutASeedEveryOutputCountsOnce) {
    const Variable x = leaf(1, {1001});
    tape_.backward(x);
    EXPECT_EQ(Floats(1001, 1), gradient(x));
}

TEST_F(TapeTest, OneGradientThatGoesToTwoPlacesStaysIntact) {
    const Variable x = leaf(1), y = leaf(1);
    const Variable sum = add(x, y);
    // Both x and y are given the gradient of `sum`; then x alone gets more.
    const Variable more = add(sum, scale(x, 4));
    tape_.backward(more);
    EXPECT_EQ(Floats(3, 5), gradient(x));
    EXPECT_EQ(Floats(3, 1), gradient(y));
}

TEST_F(TapeTest, AReshapedGradientThatIsSharedStaysIntact) {
    const Variable x = leaf(1, {2, 2}), w = leaf(2, {2, 2});
    const Variable sum = add(x, w);
    // matmul accumulates in place into the gradient that came through the reshape.
    const Variable y = add(reshape(sum, {4}), reshape(matmul(x, w), {4}));
    tape_.backward(y);
    EXPECT_EQ(Floats(4, 5), gradient(x));
    EXPECT_EQ(Floats(4, 3), gradient(w));
}

TEST_F(TapeTest, BackwardTwiceIsAnError) {
    const Variable x = leaf(1);
    const Variable y = scale(x, 2);
    tape_.backward(y);
    EXPECT_EQ("backward was called twice on the same recording", message_of<Error>([&] { tape_.backward(y); }));
    EXPECT_EQ(Floats(3, 2), gradient(x)) << "the failed call changed nothing";
    tape_.clear();
    const Variable again = leaf(1);
    tape_.backward(scale(again, 7));
    EXPECT_EQ(Floats(3, 7), gradient(again));
}

TEST_F(TapeTest, RecordingAfterBackwardIsAnError) {
    const Variable x = leaf(1);
    const Variable y = scale(x, 2);
    tape_.backward(y);
    EXPECT_TRUE(contains(message_of<Error>([&] { scale(y, 2); }), "the tape has to be cleared first"));
}

TEST_F(TapeTest, BackwardOfAConstantIsAnError) {
    const Variable constant(filled(1));
    EXPECT_TRUE(contains(message_of<Error>([&] { tape_.backward(scale(constant, 2)); }),
                         "shape [3] that does not depend on anything with a gradient"));
}

TEST_F(TapeTest, VariablesOfAClearedTapeAreRefused) {
    const Variable x = leaf(1);
    const Variable y = scale(x, 2);
    tape_.clear();
    const std::string expected = "a variable of shape [3] is used after its tape was cleared";
    EXPECT_EQ(expected, message_of<Error>([&] { scale(y, 2); }));
    EXPECT_EQ(expected, message_of<Error>([&] { add(Variable(filled(1)), x); }));
    EXPECT_EQ(expected, message_of<Error>([&] { tape_.backward(y); }));
    EXPECT_EQ(expected, message_of<Error>([&] { gradient(x); }));
    EXPECT_EQ(Floats(3, 2), y.value().to_vector()) << "the value may still be read";
}

TEST_F(TapeTest, SlotsThatOutliveTheTapeStayUsable) {
    GradientSlot slot;
    slot.bind(filled(0));
    const Variable parameter(filled(1), slot, 0);
    for (int step = 1; step <= 2; ++step) {
        tape_.backward(scale(parameter, 3));
        tape_.clear();
        EXPECT_EQ(Floats(3, 3.0F * static_cast<float>(step)), slot.gradient().to_vector());
    }
}

TEST_F(TapeTest, ASeedOfAnotherShapeIsRefused) {
    const Variable x = leaf(1);
    const Variable y = scale(x, 2);
    EXPECT_EQ("expected a gradient of shape [3] and dtype f32, got [2] and f32",
              message_of<Error>([&] { tape_.backward(y, filled(1, {2})); }));
    EXPECT_EQ("expected a gradient of shape [3] and dtype f32, got [3] and i32",
              message_of<Error>([&] { tape_.backward(y, Tensor::zeros(context_, {3}, DType::i32)); }));
    tape_.backward(y);
    EXPECT_EQ(Floats(3, 2), gradient(x)) << "the refused seeds left nothing behind";
}

TEST_F(TapeTest, AnOpThatMakesAGradientOfAnotherShapeIsRefused) {
    const Variable x = leaf(1);
    const std::function<void(Node&)> wrong = [&](Node&) { x.slot()->add(filled(1, {4})); };
    auto& node = tape_.record<ProbeNode>(wrong);
    const Variable y = tape_.output(node, filled(1));
    EXPECT_EQ("expected a gradient of shape [3] and dtype f32, got [4] and f32",
              message_of<Error>([&] { tape_.backward(y); }));
}

TEST_F(TapeTest, OpsThatTheResultDoesNotDependOnAreLeftOut) {
    const Variable x = leaf(1);
    int calls = 0;
    const std::function<void(Node&)> count = [&](Node&) { ++calls; };
    auto& node = tape_.record<ProbeNode>(count);
    tape_.output(node, filled(1));
    tape_.backward(scale(x, 2));
    EXPECT_EQ(0, calls);
}

TEST_F(TapeTest, NothingIsRecordedWhereNoGradientIsWanted) {
    const Variable x = leaf(1);
    {
        const NoGradient outer(context_);
        EXPECT_FALSE(scale(x, 2).requires_gradient());
        { const NoGradient inner(context_); }
        EXPECT_FALSE(scale(x, 2).requires_gradient()) << "the inner guard does not end the outer one";
    }
    EXPECT_TRUE(scale(x, 2).requires_gradient());
    EXPECT_FALSE(scale(Variable(filled(1)), 2).requires_gradient());
}

TEST_F(TapeTest, LongGraphsDoNotUseUpTheStack) {
    const Variable x = leaf(1, {1});
    Variable y = x;
    for (int i = 0; i < 100'000; ++i) y = scale(y, -1);
    tape_.backward(y);
    EXPECT_EQ(Floats{1}, gradient(x));
}

TEST_F(TapeTest, MemoryIsFreedWhileWalkingAndGivenBackAtTheEnd) {
    constexpr std::size_t tensor_bytes = std::size_t{1} << 16;
    constexpr int depth = 20;
    const std::size_t before = context_.allocator().bytes_in_use();
    {
        const Variable x = leaf(1, {1 << 14});
        Variable y = x;
        for (int i = 0; i < depth; ++i) y = activation(y, Activation::gelu);  // saves its input
        const std::size_t recorded = context_.allocator().bytes_in_use();
        EXPECT_EQ(before + (depth + 1) * tensor_bytes, recorded) << "the input and one output each";
        context_.allocator().reset_peak();
        tape_.backward(y);
        EXPECT_LE(context_.allocator().peak_bytes(), recorded + 2 * tensor_bytes)
            << "gradients take the place of each other";
        EXPECT_EQ(before + 3 * tensor_bytes, context_.allocator().bytes_in_use())
            << "what is left: x, its gradient, and y, which this test holds";
        tape_.clear();
        EXPECT_EQ(before + 2 * tensor_bytes, context_.allocator().bytes_in_use());
    }
    EXPECT_EQ(before, context_.allocator().bytes_in_use());
}

TEST_F(TapeTest, AFailureOnTheWayBackLeavesATapeThatCanBeCleared) {
    const std::size_t before = context_.allocator().bytes_in_use();
    const std::function<void(Node&)> fail = [](Node&) { throw std::runtime_error("in the middle"); };
    {
        const Variable x = leaf(1);
        const Variable y = activation(x, Activation::gelu);
        auto& node = tape_.record<ProbeNode>(fail);
        const Variable z = tape_.output(node, filled(1));
        EXPECT_EQ("in the middle", message_of<std::runtime_error>([&] { tape_.backward(add(z, y)); }));
    }
    tape_.clear();
    EXPECT_EQ(before, context_.allocator().bytes_in_use());
    const Variable x = leaf(1);
    tape_.backward(scale(x, 2));
    EXPECT_EQ(Floats(3, 2), gradient(x));
}

TEST_F(TapeTest, NodesOfTheNextStepUseTheSameMemory) {
    const std::function<void(Node&)> nothing = [](Node&) {};
    const auto record_many = [&] {
        std::vector<Node*> nodes;
        for (int i = 0; i < 2000; ++i) nodes.push_back(&tape_.record<ProbeNode>(nothing));
        tape_.clear();
        return nodes;
    };
    const std::vector<Node*> first = record_many();
    EXPECT_EQ(first, record_many());
}

TEST_F(TapeTest, TwoContextsDoNotKnowEachOther) {
    Context other;
    const Variable x = leaf(1);
    {
        const NoGradient guard(other);
        EXPECT_TRUE(scale(x, 2).requires_gradient());
    }
    const Variable far = other.tape().leaf(Tensor::zeros(other, {3}));
    tape_.clear();
    EXPECT_TRUE(scale(far, 2).requires_gradient()) << "clearing one tape does not touch the other";
}

TEST_F(TapeTest, TheWatchNamesTheFirstValueThatIsNotFinite) {
    const std::string name = "encoder.layers.3";
    tape_.watch(true);
    const Variable x = leaf(1e30F, {2, 2});
    const Variable fine = scale(x, 2);
    EXPECT_EQ("", tape_.first_non_finite());
    {
        const TapeScope scope(context_, name);
        const Variable bad = scale(fine, 1e30F);
        add(bad, bad);
    }
    EXPECT_EQ("the output of scale in encoder.layers.3, shape [2, 2]", tape_.first_non_finite());
    tape_.watch(true);
    EXPECT_EQ("", tape_.first_non_finite());
    scale(x, 1e30F);
    EXPECT_EQ("the output of scale in the model, shape [2, 2]", tape_.first_non_finite());
    tape_.watch(false);
    scale(x, 1e30F);
    EXPECT_EQ("", tape_.first_non_finite());
}

TEST(Arena, GivesAlignedMemoryAndUsesItAgain) {
    Arena arena;
    std::vector<void*> first;
    for (const std::size_t bytes : {1, 17, 60'000, 65'536, 8}) {
        first.push_back(arena.allocate(bytes));
        EXPECT_EQ(0U, reinterpret_cast<uintptr_t>(first.back()) % alignof(std::max_align_t));
    }
    arena.reset();
    std::vector<void*> second;
    for (const std::size_t bytes : {1, 17, 60'000, 65'536, 8}) second.push_back(arena.allocate(bytes));
    EXPECT_EQ(first, second);
    EXPECT_TRUE(contains(message_of<Error>([&] { arena.allocate(65'537); }), "is too large"));
}

}  // namespace

}  // namespace heed::test::tape_test
