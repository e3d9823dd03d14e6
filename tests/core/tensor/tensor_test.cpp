// ctest: cuda
#include "heed/core/tensor/tensor.h"

#include <gtest/gtest.h>

#include <utility>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::tensor_test {

namespace {

using Floats = std::vector<float>;

class OnDevice : public testing::TestWithParam<const char*> {
protected:
    Tensor counted(const Shape& shape) {
        Floats values;
        for (int64_t i = 0; i < shape.elements(); ++i) values.push_back(static_cast<float>(i));
        return Tensor::from_host(context_, shape, std::span<const float>(values));
    }

    Context context_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Tensor, OnDevice, testing::ValuesIn(computing_devices()));

TEST_P(OnDevice, ValuesComeBackAsTheyWent) {
    const Tensor tensor = counted({2, 3});
    EXPECT_EQ((Shape{2, 3}), tensor.shape());
    EXPECT_EQ(DType::f32, tensor.dtype());
    EXPECT_EQ(24U, tensor.bytes());
    EXPECT_EQ(&context_, &tensor.context());
    EXPECT_EQ((Floats{0, 1, 2, 3, 4, 5}), tensor.to_vector());
    const std::vector<int32_t> numbers = {7, -1, 2147483647};
    const Tensor integers = Tensor::from_host(context_, {3}, std::span<const int32_t>(numbers));
    std::vector<int32_t> back(3);
    integers.copy_to_host(back.data());
    EXPECT_EQ(numbers, back);
}

TEST_P(OnDevice, ZerosAreZeroEvenInUsedMemory) {
    { const Tensor used = counted({100}); }
    EXPECT_EQ(Floats(100, 0), Tensor::zeros(context_, {100}).to_vector());
}

TEST_P(OnDevice, EmptyTensorsAreFine) {
    const Tensor none = Tensor::zeros(context_, {0, 3});
    EXPECT_TRUE(none.defined());
    EXPECT_EQ(0, none.elements());
    EXPECT_TRUE(none.to_vector().empty());
    EXPECT_TRUE(none.slice(0, 0).to_vector().empty());
    EXPECT_TRUE(none.reshape({3, 0, 5}).to_vector().empty());
}

TEST_P(OnDevice, MemoryIsAligned) {
    for (const int64_t elements : {1, 3, 17, 100, 1000}) {
        const auto address = reinterpret_cast<uintptr_t>(Tensor::empty(context_, {elements}).raw());
        EXPECT_EQ(0U, address % 64) << elements;
    }
}

TEST_P(OnDevice, CopiesAndViewsShareMemory) {
    Tensor tensor = counted({3, 4});
    const Tensor copy = tensor;
    const Tensor flat = tensor.reshape({12});
    const Tensor row = tensor.slice(1, 2);
    const Tensor part = tensor.view(5, {2, 1});
    EXPECT_EQ((Shape{2, 4}), row.shape());
    EXPECT_EQ((Floats{4, 5, 6, 7, 8, 9, 10, 11}), row.to_vector());
    EXPECT_EQ((Floats{5, 6}), part.to_vector());
    EXPECT_EQ((Floats{9}), row.slice(1, 1).view(1, {1}).to_vector()) << "a view of a view";
    const Floats other(12, -1);
    tensor.copy_from_host(other.data());
    for (const Tensor* each : {&copy, &flat, &row, &part}) EXPECT_EQ(-1, each->to_vector()[0]);
}

TEST_P(OnDevice, UniqueMeansThatNobodyElseSeesTheMemory) {
    Tensor tensor = counted({4});
    EXPECT_TRUE(tensor.unique());
    {
        const Tensor view = tensor.slice(0, 1);
        EXPECT_FALSE(tensor.unique());
        EXPECT_FALSE(view.unique());
    }
    EXPECT_TRUE(tensor.unique());
    EXPECT_FALSE(Tensor().unique());
    const Tensor moved = std::move(tensor);
    EXPECT_TRUE(moved.unique());
    EXPECT_FALSE(tensor.defined());
}

TEST_P(OnDevice, AssignmentKeepsTheCount) {
    Tensor a = counted({4});
    Tensor b = counted({2});
    const Tensor& self = a;
    a = self;
    EXPECT_TRUE(a.unique());
    EXPECT_EQ((Floats{0, 1, 2, 3}), a.to_vector());
    a = b;
    EXPECT_FALSE(b.unique());
    a = Tensor();
    EXPECT_TRUE(b.unique());
    b = std::move(b);
    EXPECT_EQ((Floats{0, 1}), b.to_vector());
}

TEST_P(OnDevice, LastOwnerGivesTheMemoryBack) {
    const std::size_t before = context_.allocator().bytes_in_use();
    {
        Tensor view;
        {
            const Tensor tensor = counted({1000});
            view = tensor.slice(10, 1);
        }
        EXPECT_GE(context_.allocator().bytes_in_use(), before + 4000) << "the view holds all of it";
        EXPECT_EQ((Floats{10}), view.to_vector());
    }
    EXPECT_EQ(before, context_.allocator().bytes_in_use());
}

TEST_P(OnDevice, CopyFromNeedsTheSameShapeAndType) {
    Tensor tensor = counted({2, 3});
    tensor.copy_from(Tensor::zeros(context_, {2, 3}));
    EXPECT_EQ(Floats(6, 0), tensor.to_vector());
    EXPECT_TRUE(contains(message_of<Error>([&] { tensor.copy_from(counted({6})); }),
                         "cannot copy a tensor of shape [6] into one of shape [2, 3]"));
    EXPECT_TRUE(begins_with(message_of<Error>([&] {
                                tensor.copy_from(Tensor::zeros(context_, {2, 3}, DType::i32));
                            }),
                            "cannot copy"));
}

TEST_P(OnDevice, RefusesWhatDoesNotFit) {
    const Tensor tensor = counted({3, 4});
    const Floats five(5);
    EXPECT_EQ("a tensor of shape [2, 3] needs 6 values, got 5", message_of<Error>([&] {
                  Tensor::from_host(context_, {2, 3}, std::span<const float>(five));
              }));
    EXPECT_EQ("cannot see a tensor of shape [3, 4] as [5, 2]", message_of<Error>([&] { tensor.reshape({5, 2}); }));
    for (const auto& [begin, count] : {std::pair{-1, 2}, {2, 2}, {0, 4}, {0, -1}, {4, 0}}) {
        EXPECT_TRUE(contains(message_of<Error>([&] { tensor.slice(begin, count); }), "do not lie within"));
    }
    EXPECT_TRUE(contains(message_of<Error>([&] { tensor.view(11, {2}); }), "does not lie within"));
    EXPECT_TRUE(contains(message_of<Error>([&] { tensor.view(-1, {2}); }), "does not lie within"));
    EXPECT_EQ("expected a tensor of f32, got i32",
              message_of<Error>([&] { Tensor::zeros(context_, {2}, DType::i32).f32(); }));
    EXPECT_EQ("expected a tensor of i32, got f32", message_of<Error>([&] { tensor.data<int32_t>(); }));
    EXPECT_EQ("expected a tensor of f32, got u8",
              message_of<Error>([&] { Tensor::zeros(context_, {2}, DType::u8).to_vector(); }));
}

TEST(UndefinedTensor, HasNeitherDataNorContext) {
    const Tensor nothing;
    EXPECT_FALSE(nothing.defined());
    EXPECT_EQ("an undefined tensor has no data", message_of<Error>([&] { nothing.f32(); }));
    EXPECT_EQ("an undefined tensor has no context", message_of<Error>([&] { nothing.context(); }));
}

TEST(TensorBytes, FollowTheType) {
    Context context;
    EXPECT_EQ(6U, Tensor::empty(context, {3}, DType::bf16).bytes());
    EXPECT_EQ(24U, Tensor::empty(context, {3}, DType::i64).bytes());
    EXPECT_EQ(3U, Tensor::empty(context, {3}, DType::u8).bytes());
    EXPECT_EQ(4U, Tensor::empty(context, {}).bytes());
}

TEST(ReferenceDevice, MemoryIsNotReadableFromElsewhere) {
    Context context("reference");
    const Tensor tensor = Tensor::zeros(context, {4});
    EXPECT_NE(0U, reinterpret_cast<uintptr_t>(tensor.raw()) >> 62) << "the address is one that no program may read";
}

}  // namespace

}  // namespace heed::test::tensor_test
