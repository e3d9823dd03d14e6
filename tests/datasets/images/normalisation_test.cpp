#include "heed/datasets/images/normalisation.h"

#include <gtest/gtest.h>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"

namespace heed::normalisation_test {
namespace {

TEST(PixelTable, NormalisesEachChannelExactly) {
    const PixelTable table({{0.5, 0.25}, {0.5, 2.0}}, {2, 1, 3});
    const std::vector<uint8_t> pixels = {0, 128, 255, 0, 128, 255};
    std::vector<float> values(6);
    table.apply(pixels, values);
    const float middle = 128.0F / 255.0F;
    EXPECT_EQ(values,
              (std::vector<float>{-1.0F, (middle - 0.5F) / 0.5F, 1.0F, -0.125F, (middle - 0.25F) / 2.0F, 0.375F}));
}

TEST(PixelTable, OneValueStandsForAllChannels) {
    const PixelTable table({{0.0}, {0.5}}, {3, 1, 1});
    std::vector<float> values(3);
    table.apply(std::vector<uint8_t>{255, 255, 0}, values);
    EXPECT_EQ(values, (std::vector<float>{2.0F, 2.0F, 0.0F}));
}

TEST(PixelTable, RefusesWhatDoesNotFit) {
    EXPECT_EQ(test::message_of<UserError>([] {
                  PixelTable({{0.1, 0.2}, {1.0}}, {3, 2, 2});
              }),
              "data.mean expects one value, or one for each of the 3 channels, got 2");
    EXPECT_EQ(test::message_of<UserError>([] {
                  PixelTable({{0.1}, {0.0}}, {3, 2, 2});
              }),
              "data.std expects values above 0, got 0");
}

}  // namespace
}  // namespace heed::normalisation_test
