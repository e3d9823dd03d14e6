#include <gtest/gtest.h>

#include "heed/apps/support/transfer_progress.h"

namespace heed::size_text_test {
namespace {

TEST(SizeText, ChangesItsUnitWhereTheRoundedNumberWouldReachAThousand) {
    EXPECT_EQ(size_text(0), "0 bytes");
    EXPECT_EQ(size_text(999), "999 bytes");
    EXPECT_EQ(size_text(1000), "1.0 kB");
    EXPECT_EQ(size_text(26'421'880), "26.4 MB");
    EXPECT_EQ(size_text(999'949), "999.9 kB");
    EXPECT_EQ(size_text(999'950), "1.0 MB");
    EXPECT_EQ(size_text(999'949'999), "999.9 MB");
    EXPECT_EQ(size_text(999'950'000), "1.00 GB");
    EXPECT_EQ(size_text(5'000'000'000), "5.00 GB");
}

}  // namespace
}  // namespace heed::size_text_test
