#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "heed/core/cpu/isa.h"
#include "heed/core/random/random.h"
#include "heed/tests/core/cpu/simd_math_probe.h"

HEED_CHOOSE_ISA(SimdMathProbe, simd_math_probe);

namespace heed::simd_math_test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

using Unary = void (*)(const float*, float*, int64_t);

/// Every test runs once for each instruction set of this machine.
class SimdMath : public testing::TestWithParam<Isa> {
protected:
    void SetUp() override {
        if (!isa_available(GetParam())) {
            GTEST_SKIP() << "this machine lacks " << isa_name(GetParam());
        }
        before_ = active_isa();
        set_active_isa(GetParam());
        probe_ = &simd_math_probe_cpu();
    }
    void TearDown() override {
        if (probe_ != nullptr) {
            set_active_isa(before_);
        }
    }

    float at(Unary function, float x) const {
        float y = 0;
        function(&x, &y, 1);
        return y;
    }

    const SimdMathProbe* probe_ = nullptr;

private:
    Isa before_ = Isa::baseline;
};

INSTANTIATE_TEST_SUITE_P(EveryIsa, SimdMath, testing::Values(Isa::baseline, Isa::avx2, Isa::avx512),
                         [](const auto& instance) { return std::string(isa_name(instance.param)); });

/// Distance of two floats next to each other at the size of `exact`.
double unit_in_last_place(double exact) {
    const double magnitude = std::max(std::fabs(exact), static_cast<double>(FLT_MIN));
    return std::ldexp(1.0, std::ilogb(magnitude) - 23);
}

/// Every `stride`th float from `low` to `high`, both of the same sign.
std::vector<float> dense_range(float low, float high, uint32_t stride) {
    std::vector<float> values;
    uint32_t first;
    uint32_t last;
    std::memcpy(&first, &low, 4);
    std::memcpy(&last, &high, 4);
    for (uint64_t bits = std::min(first, last); bits <= std::max(first, last); bits += stride) {
        const uint32_t word = static_cast<uint32_t>(bits);
        float value;
        std::memcpy(&value, &word, 4);
        values.push_back(value);
    }
    return values;
}

template <class Exact>
double worst_error(Unary function, Exact exact, const std::vector<float>& x) {
    std::vector<float> y(x.size());
    function(x.data(), y.data(), static_cast<int64_t>(x.size()));
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
        const double expected = exact(static_cast<double>(x[i]));
        const double error = std::fabs(static_cast<double>(y[i]) - expected) / unit_in_last_place(expected);
        if (!(error <= worst)) {
            worst = error;
        }
    }
    return worst;
}

TEST_P(SimdMath, ExpIsWithinTwoUlp) {
    const auto exact = [](double x) { return std::exp(x); };
    EXPECT_LE(worst_error(probe_->exp, exact, dense_range(1e-9F, 88.7228F, 173)), 2.0);
    EXPECT_LE(worst_error(probe_->exp, exact, dense_range(-1e-9F, -103.0F, 173)), 2.0);
    EXPECT_LE(worst_error(probe_->exp_nonpositive, exact, dense_range(-1e-9F, -87.3F, 173)), 2.0);
    EXPECT_LE(worst_error(probe_->exp_nonpositive, exact, dense_range(1e-9F, 88.0F, 173)), 2.0);
}

TEST_P(SimdMath, ExpAtTheEdges) {
    for (const Unary function : {probe_->exp, probe_->exp_nonpositive}) {
        EXPECT_EQ(at(function, 0.0F), 1.0F);
        EXPECT_EQ(at(function, -0.0F), 1.0F);
        EXPECT_EQ(at(function, -infinity), 0.0F);
        EXPECT_EQ(at(function, -1e30F), 0.0F);
        EXPECT_TRUE(std::isnan(at(function, nan)));
        EXPECT_TRUE(std::isnan(at(function, -nan)));
    }
    EXPECT_EQ(at(probe_->exp_nonpositive, -88.0F), 0.0F);
    EXPECT_EQ(at(probe_->exp, infinity), infinity);
    EXPECT_EQ(at(probe_->exp, 88.73F), infinity);
    EXPECT_EQ(at(probe_->exp, FLT_MAX), infinity);
    EXPECT_LT(at(probe_->exp, 88.72F), infinity);
    EXPECT_EQ(at(probe_->exp, -104.0F), 0.0F);
}

TEST_P(SimdMath, LogIsWithinTwoUlp) {
    const auto exact = [](double x) { return std::log(x); };
    EXPECT_LE(worst_error(probe_->log, exact, dense_range(FLT_MIN, FLT_MAX, 1009)), 2.0);
    EXPECT_LE(worst_error(probe_->log, exact, dense_range(0.5F, 2.0F, 7)), 2.0);
    EXPECT_LE(worst_error(probe_->log, exact, dense_range(1e-44F, FLT_MIN, 1009)), 2.0);
    EXPECT_EQ(at(probe_->log, 1.0F), 0.0F);
    EXPECT_EQ(at(probe_->log, 0.0F), -infinity);
    EXPECT_EQ(at(probe_->log, infinity), infinity);
    EXPECT_TRUE(std::isnan(at(probe_->log, -1.0F)));
    EXPECT_TRUE(std::isnan(at(probe_->log, -infinity)));
    EXPECT_TRUE(std::isnan(at(probe_->log, nan)));
}

TEST_P(SimdMath, TanhIsWithinThreeUlp) {
    const auto exact = [](double x) { return std::tanh(x); };
    EXPECT_LE(worst_error(probe_->tanh, exact, dense_range(1e-30F, 100.0F, 499)), 3.0);
    EXPECT_LE(worst_error(probe_->tanh, exact, dense_range(-0.01F, -12.0F, 97)), 3.0);
    EXPECT_EQ(at(probe_->tanh, infinity), 1.0F);
    EXPECT_EQ(at(probe_->tanh, -infinity), -1.0F);
    EXPECT_TRUE(std::signbit(at(probe_->tanh, -0.0F)));
    EXPECT_TRUE(std::isnan(at(probe_->tanh, nan)));
}

TEST_P(SimdMath, SqrtIsCorrectlyRounded) {
    for (const float x : {0.0F, 1.0F, 2.0F, 1e-20F, 3e30F}) {
        EXPECT_EQ(at(probe_->sqrt, x), std::sqrt(x));
    }
}

TEST_P(SimdMath, MaxAndMinGiveTheirSecondArgumentWhereEitherIsNan) {
    const float a[] = {1.0F, nan, 2.0F, -infinity, nan};
    const float b[] = {2.0F, 3.0F, nan, -1.0F, nan};
    float y[5];
    probe_->max(a, b, y, 5);
    EXPECT_EQ(y[0], 2.0F);
    EXPECT_EQ(y[1], 3.0F);
    EXPECT_TRUE(std::isnan(y[2]));
    EXPECT_EQ(y[3], -1.0F);
    EXPECT_TRUE(std::isnan(y[4]));
    probe_->min(a, b, y, 5);
    EXPECT_EQ(y[0], 1.0F);
    EXPECT_EQ(y[1], 3.0F);
    EXPECT_TRUE(std::isnan(y[2]));
    EXPECT_EQ(y[3], -infinity);
}

TEST_P(SimdMath, PartialLoadsAndStoresTouchNothingBehindTheCount) {
    for (int64_t n = 0; n <= 2 * probe_->lanes; ++n) {
        const std::vector<float> x(static_cast<size_t>(n), 4.0F);  // its end is watched by the address sanitizer
        std::vector<float> y(static_cast<size_t>(n) + 16, -7.0F);
        probe_->sqrt(x.data(), y.data(), n);
        for (size_t i = 0; i < y.size(); ++i) {
            EXPECT_EQ(y[i], i < static_cast<size_t>(n) ? 2.0F : -7.0F) << "n " << n << " i " << i;
        }
    }
}

TEST_P(SimdMath, HorizontalSumAndMaximum) {
    std::vector<float> x(static_cast<size_t>(probe_->lanes));
    for (size_t hot = 0; hot < x.size(); ++hot) {
        for (size_t i = 0; i < x.size(); ++i) {
            x[i] = i == hot ? 100.0F : -static_cast<float>(i);
        }
        float sum = 0;
        for (const float value : x) {
            sum += value;
        }
        EXPECT_EQ(probe_->hsum(x.data()), sum);
        EXPECT_EQ(probe_->hmax(x.data()), 100.0F);
        x[hot] = nan;
        EXPECT_TRUE(std::isnan(probe_->hsum(x.data())));
    }
}

TEST_P(SimdMath, PhiloxEqualsTheScalarOne) {
    const size_t lane_count = static_cast<size_t>(probe_->lanes);
    std::vector<uint32_t> words(4 * lane_count);
    for (const uint64_t first : {uint64_t{0}, uint64_t{48}, uint64_t{0xfffffff0}, uint64_t{0x123456789a0}}) {
        probe_->philox(0x243f6a88u, 0x85a308d3u, first, 17, 4000000000u, words.data());
        for (size_t lane = 0; lane < lane_count; ++lane) {
            const uint64_t counter = first + lane;
            const PhiloxBlock expected = philox(
                RandomKey{0x243f6a88u, 0x85a308d3u},
                PhiloxBlock{{static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32), 17, 4000000000u}});
            for (size_t word = 0; word < 4; ++word) {
                EXPECT_EQ(words[word * lane_count + lane], expected.word[word]) << first << " " << lane << " " << word;
            }
        }
    }
}

}  // namespace
}  // namespace heed::simd_math_test
