#include "heed/core/reference/address.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

namespace heed::test::reference_address_test {

namespace {

TEST(ReferenceAddress, ComesBackAndNullStaysNull) {
    float values[2] = {1, 2};
    float* hidden = to_reference_address(values);
    EXPECT_NE(values, hidden);
    EXPECT_EQ(values, reference_address(hidden));
    const float* hidden_second = hidden + 1;
    EXPECT_EQ(2.0F, *reference_address(hidden_second));
    EXPECT_EQ(nullptr, reference_address(static_cast<float*>(nullptr)));
    EXPECT_EQ(nullptr, to_reference_address(static_cast<float*>(nullptr)));
}

TEST(ReferenceAddress, CannotBeRead) {
    float value = 1;
    int ends[2];
    ASSERT_EQ(0, pipe(ends));
    // The kernel refuses to read from an address at which the process itself would fault.
    EXPECT_EQ(-1, write(ends[1], to_reference_address(&value), sizeof value));
    EXPECT_EQ(EFAULT, errno);
    EXPECT_EQ(static_cast<ssize_t>(sizeof value), write(ends[1], &value, sizeof value));
    close(ends[0]);
    close(ends[1]);
}

}  // namespace

}  // namespace heed::test::reference_address_test
