#include "heed/core/tensor/bf16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace heed::test::bf16_test {

namespace {

TEST(Bf16, EveryNumberOfItsOwnComesBack) {
    for (uint32_t bits = 0; bits <= 0xFFFFU; ++bits) {
        const Bf16 number{static_cast<uint16_t>(bits)};
        const float value = to_float(number);
        if (std::isnan(value)) {
            EXPECT_TRUE(std::isnan(to_float(to_bf16(value)))) << bits;
        } else {
            EXPECT_EQ(bits, to_bf16(value).bits);
        }
    }
}

TEST(Bf16, RoundsToNearestTiesToEven) {
    EXPECT_EQ(1.0F, to_float(to_bf16(0x1.01p0F))) << "half a step above an even number";
    EXPECT_EQ(0x1.04p0F, to_float(to_bf16(0x1.03p0F))) << "half a step above an odd one";
    EXPECT_EQ(0x1.02p0F, to_float(to_bf16(0x1.010002p0F)));
    EXPECT_EQ(-0x1.04p0F, to_float(to_bf16(-0x1.03p0F)));
    EXPECT_EQ(std::numeric_limits<float>::infinity(), to_float(to_bf16(3.4e38F)));
    EXPECT_TRUE(std::signbit(to_float(to_bf16(-0.0F))));
    const float signalling_low_bits = std::bit_cast<float>(0x7F800001U);
    EXPECT_TRUE(std::isnan(to_float(to_bf16(signalling_low_bits)))) << "not infinity";
}

}  // namespace

}  // namespace heed::test::bf16_test
