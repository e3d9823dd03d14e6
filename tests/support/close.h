#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace heed::test {

/// The assertion behind EXPECT_CLOSE.
inline testing::AssertionResult is_close(const char* got_text, const char* want_text, const char* relative_text,
                                         double got, double want, double relative) {
    const double difference = std::abs(got - want);
    if (difference <= relative * std::abs(want)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << got_text << " is " << got << ", expected " << want << " (" << want_text
                                       << "): the difference " << difference << " is " << difference / std::abs(want)
                                       << " of it, allowed is " << relative_text;
}

/// Expects |got - want| <= relative * |want|. Where `want` may be near 0 although what it was computed from is not,
/// EXPECT_NEAR with a bound in terms of that size is right.
#define EXPECT_CLOSE(got, want, relative) EXPECT_PRED_FORMAT3(::heed::test::is_close, got, want, relative)

/// Expects |got[i] - want[i]| <= relative * the greatest |want|, for values that were computed from each other.
inline void expect_near_by_scale(const std::vector<float>& got, const std::vector<float>& want, double relative) {
    ASSERT_EQ(got.size(), want.size());
    double scale = 0;
    for (const float value : want) scale = std::max<double>(scale, std::abs(value));
    for (std::size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], relative * scale) << i;
}

}  // namespace heed::test
