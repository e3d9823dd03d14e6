#include "heed/core/tensor/shape.h"

#include <gtest/gtest.h>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::shape_test {

namespace {

TEST(Shape, CountsElementsAndRows) {
    const Shape shape{2, 3, 5};
    EXPECT_EQ(3, shape.rank());
    EXPECT_EQ(30, shape.elements());
    EXPECT_EQ(6, shape.rows());
    EXPECT_EQ(1, (Shape{7}).rows());
    EXPECT_EQ(0, (Shape{2, 0, 5}).elements());
    EXPECT_EQ(0, (Shape{2, 0, 5}).rows());
    EXPECT_EQ(6, (Shape{2, 3, 0}).rows());
}

TEST(Shape, AScalarHasOneElement) {
    const Shape scalar;
    EXPECT_EQ(0, scalar.rank());
    EXPECT_EQ(1, scalar.elements());
    EXPECT_EQ(1, scalar.rows());
    EXPECT_EQ("[]", scalar.to_string());
    EXPECT_TRUE(contains(message_of<Error>([&] { scalar[0]; }), "has no axis 0"));
    EXPECT_TRUE(contains(message_of<Error>([&] { scalar.with_last(1); }), "a scalar has no last axis"));
    EXPECT_TRUE(contains(message_of<Error>([&] { scalar.with_first(1); }), "a scalar has no first axis"));
}

TEST(Shape, NegativeAxesCountFromTheLast) {
    const Shape shape{2, 3, 5};
    EXPECT_EQ(5, shape[-1]);
    EXPECT_EQ(2, shape[-3]);
    EXPECT_EQ(2, shape[0]);
    EXPECT_TRUE(contains(message_of<Error>([&] { shape[3]; }), "shape [2, 3, 5] has no axis 3"));
    EXPECT_TRUE(contains(message_of<Error>([&] { shape[-4]; }), "shape [2, 3, 5] has no axis -4"));
}

TEST(Shape, OneAxisIsReplaced) {
    const Shape shape{2, 3, 5};
    EXPECT_EQ((Shape{2, 3, 7}), shape.with_last(7));
    EXPECT_EQ((Shape{7, 3, 5}), shape.with_first(7));
    EXPECT_EQ((Shape{2, 3, 5}), shape);
}

TEST(Shape, GetsOneMoreAxis) {
    EXPECT_EQ((Shape{2, 3, 7}), (Shape{2, 3}.with_axis(7)));
    EXPECT_EQ((Shape{7}), Shape().with_axis(7));
    const Shape full{1, 1, 1, 1, 1, 1};
    EXPECT_TRUE(contains(message_of<Error>([&] { full.with_axis(1); }), "cannot have one more axis"));
}

TEST(Shape, EqualityLooksAtRankAndSizes) {
    EXPECT_TRUE((Shape{2, 3}) == (Shape{2, 3}));
    EXPECT_FALSE((Shape{2, 3}) == (Shape{3, 2}));
    EXPECT_FALSE((Shape{2, 3}) == (Shape{2, 3, 1}));
    EXPECT_FALSE((Shape{1}) == Shape());
}

TEST(Shape, ComesFromAndGoesToAVector) {
    const std::vector<int64_t> sizes = {4, 1, 6, 2, 3, 5};
    EXPECT_EQ(sizes, Shape(sizes).to_vector());
    EXPECT_EQ("[4, 1, 6, 2, 3, 5]", Shape(sizes).to_string());
}

TEST(Shape, RefusesNegativeSizesAndTooManyAxes) {
    EXPECT_TRUE(contains(message_of<Error>([] { Shape{2, -1}; }), "sizes >= 0, got -1"));
    EXPECT_TRUE(contains(message_of<Error>([] { Shape{1, 2, 3, 4, 5, 6, 7}; }), "at most 6 axes, got 7"));
    EXPECT_TRUE(contains(message_of<Error>([] { Shape(std::vector<int64_t>(100, 1)); }), "at most 6 axes, got 100"));
}

}  // namespace

}  // namespace heed::test::shape_test
