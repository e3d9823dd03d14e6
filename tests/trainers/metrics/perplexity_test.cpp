#include "heed/trainers/metrics/perplexity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "heed/core/error.h"
#include "heed/tests/support/close.h"

namespace heed::perplexity_test {
namespace {

TEST(Perplexity, OfEvenChoicesIsTheirNumber) {
    EXPECT_CLOSE(perplexity(7.0 * std::log(50.0), 7), 50.0, 1e-12);
    EXPECT_EQ(perplexity(0.0, 3), 1.0);
}

TEST(Perplexity, OfLabelSmoothedLosses) {
    // Two classes of probability 0.8 and 0.2, smoothing 0.1: 0.95 of the first, 0.05 of the second.
    const double loss = -0.95 * std::log(0.8) - 0.05 * std::log(0.2);
    EXPECT_CLOSE(perplexity(4.0 * loss, 4), std::pow(0.8, -0.95) * std::pow(0.2, -0.05), 1e-12);
}

TEST(Perplexity, OfAHopelessModelIsInfinite) {
    EXPECT_EQ(perplexity(1e6, 10), std::numeric_limits<double>::infinity());
}

TEST(Perplexity, NothingToAverageIsAnError) {
    EXPECT_THROW(perplexity(1.0, 0), Error);
    EXPECT_THROW(perplexity(1.0, -1), Error);
    EXPECT_THROW(perplexity(std::numeric_limits<double>::quiet_NaN(), 4), Error);
    EXPECT_THROW(perplexity(std::numeric_limits<double>::infinity(), 4), Error);
}

}  // namespace
}  // namespace heed::perplexity_test
