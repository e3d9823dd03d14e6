#pragma once

#include <gtest/gtest.h>

#include <cmath>

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

}  // namespace heed::test
