#include "heed/core/autograd/gradient_slot.h"

#include <gtest/gtest.h>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::gradient_slot_test {

namespace {

using Floats = std::vector<float>;

class GradientSlotTest : public testing::Test {
protected:
    Tensor filled(float value, const Shape& shape = {3}) {
        const Floats values(static_cast<std::size_t>(shape.elements()), value);
        return Tensor::from_host(context_, shape, std::span<const float>(values));
    }
    GradientSlot slot() {
        GradientSlot slot;
        slot.reset(context_, {3});
        return slot;
    }

    Context context_;
};

TEST_F(GradientSlotTest, AddsWhatItIsGiven) {
    GradientSlot slot = this->slot();
    EXPECT_FALSE(slot.defined());
    slot.add(filled(1));
    slot.add(filled(2));
    slot.add(filled(4));
    EXPECT_EQ(Floats(3, 7), slot.gradient().to_vector());
}

TEST_F(GradientSlotTest, OneGradientInTwoSlotsIsNotChangedThroughEither) {
    GradientSlot first = slot(), second = slot(), third = slot();
    const Tensor shared = filled(1);
    for (GradientSlot* each : {&first, &second, &third}) each->add(shared);
    first.add(filled(10));
    EXPECT_EQ(Floats(3, 11), first.gradient().to_vector());
    const Tensor also_shared = filled(100);
    second.add(also_shared);
    EXPECT_EQ(Floats(3, 101), second.gradient().to_vector());
    auto [target, accumulate] = third.target();
    EXPECT_TRUE(accumulate);
    target.fill_zero();
    EXPECT_EQ(Floats(3, 1), shared.to_vector());
    EXPECT_EQ(Floats(3, 100), also_shared.to_vector());
}

TEST_F(GradientSlotTest, AGradientAddedToItselfDoubles) {
    GradientSlot slot = this->slot();
    const Tensor gradient = filled(3);
    slot.add(gradient);
    slot.add(gradient);
    EXPECT_EQ(Floats(3, 6), slot.gradient().to_vector());
    EXPECT_EQ(Floats(3, 3), gradient.to_vector());
}

TEST_F(GradientSlotTest, TargetTellsWhetherToAdd) {
    GradientSlot slot = this->slot();
    {
        auto [tensor, accumulate] = slot.target();
        EXPECT_FALSE(accumulate);
        EXPECT_EQ((Shape{3}), tensor.shape());
        tensor.copy_from(filled(2));
    }
    auto [tensor, accumulate] = slot.target();
    EXPECT_TRUE(accumulate);
    EXPECT_EQ(Floats(3, 2), tensor.to_vector());
}

TEST_F(GradientSlotTest, ABoundSlotWritesIntoItsBuffer) {
    const Tensor buffer = filled(99);
    GradientSlot slot;
    slot.bind(buffer);
    EXPECT_FALSE(slot.defined());
    slot.add(filled(1));
    EXPECT_EQ(Floats(3, 1), buffer.to_vector()) << "the first gradient overwrites";
    slot.add(filled(2));
    EXPECT_EQ(Floats(3, 3), buffer.to_vector());
    auto [tensor, accumulate] = slot.target();
    EXPECT_TRUE(accumulate);
    EXPECT_EQ(buffer.raw(), tensor.raw());
    slot.clear();
    EXPECT_FALSE(slot.defined());
    EXPECT_FALSE(slot.target().accumulate);
    slot.clear();
    slot.add(filled(5));
    EXPECT_EQ(Floats(3, 5), buffer.to_vector());
}

TEST_F(GradientSlotTest, TakeMovesTheGradientOut) {
    GradientSlot slot = this->slot();
    slot.add(filled(1));
    const Tensor taken = slot.take();
    EXPECT_TRUE(taken.unique());
    EXPECT_FALSE(slot.defined());
    GradientSlot bound;
    bound.bind(filled(0));
    bound.add(filled(1));
    EXPECT_TRUE(contains(message_of<Error>([&] { bound.take(); }), "cannot be moved out"));
}

TEST_F(GradientSlotTest, RefusesOtherShapesAndTypes) {
    GradientSlot slot = this->slot();
    EXPECT_EQ("expected a gradient of shape [3] and dtype f32, got [3, 1] and f32", message_of<Error>([&] {
                  slot.add(filled(1, {3, 1}));
              }));
    EXPECT_EQ("expected a gradient of shape [3] and dtype f32, got [3] and i32",
              message_of<Error>([&] { slot.add(Tensor::zeros(context_, {3}, DType::i32)); }));
    EXPECT_FALSE(slot.defined());
    EXPECT_EQ("no gradient has been written for a value of shape [3]", message_of<Error>([&] { slot.gradient(); }));
    EXPECT_EQ("no gradient has been written for a value of shape [3]", message_of<Error>([&] { slot.take(); }));
}

TEST_F(GradientSlotTest, APairIsWrittenWithOneFlag) {
    GradientSlot first = slot(), second = slot();
    TargetPair fresh = target_pair(&first, &second);
    EXPECT_FALSE(fresh.accumulate);
    EXPECT_EQ(first.gradient().f32(), fresh.first);
    EXPECT_EQ(second.gradient().f32(), fresh.second);

    GradientSlot written = slot(), unwritten = slot();
    written.add(filled(7));
    { const Tensor garbage = filled(99); }
    TargetPair mixed = target_pair(&unwritten, &written);
    EXPECT_TRUE(mixed.accumulate);
    EXPECT_EQ(Floats(3, 0), unwritten.gradient().to_vector()) << "starts as zeros, because the kernel adds";
    EXPECT_EQ(Floats(3, 7), written.gradient().to_vector());

    TargetPair alone = target_pair(nullptr, &written);
    EXPECT_TRUE(alone.accumulate);
    EXPECT_EQ(nullptr, alone.first);
    EXPECT_FALSE(target_pair(nullptr, nullptr).accumulate);
}

}  // namespace

}  // namespace heed::test::gradient_slot_test
