#include "heed/trainers/run/checks/product_speed.h"

#include <gtest/gtest.h>

namespace heed::test::product_speed_test {
namespace {

TEST(ProductSpeed, AFasterF32IsTold) {
    EXPECT_EQ(slow_products_warning(Precision::bf16, 50.0, 95.0),
              "warning: a product in bf16 takes 1.9 times as long as one in f32 on this processor: precision=f32 is "
              "faster");
}

TEST(ProductSpeed, NothingIsSaidOfAFasterOrEqualPrecision) {
    EXPECT_EQ(slow_products_warning(Precision::bf16, 100.0, 50.0), "");
    EXPECT_EQ(slow_products_warning(Precision::bf16, 100.0, 105.0), "");
}

TEST(ProductSpeed, F32AndCardsAreNotMeasured) {
    EXPECT_EQ(slow_products_warning("cpu", Precision::f32), "");
    EXPECT_EQ(slow_products_warning("cuda", Precision::bf16), "");
}

}  // namespace
}  // namespace heed::test::product_speed_test
