#include "heed/trainers/benchmark/efficiency_length.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "heed/tests/support/message_of.h"

namespace heed::test::efficiency_length_test {
namespace {

using Points = std::vector<CostPoint>;
using Kind = MeasuredCrossing::Kind;

Points at_lengths(const std::vector<double>& costs, double first = 256) {
    Points points;
    for (size_t i = 0; i < costs.size(); ++i) points.push_back({first * std::pow(2.0, i), costs[i]});
    return points;
}

// Measurements that the CAB repository ships, of softmax attention and of ABC: milliseconds, and MiB.
const Points softmax_times = at_lengths({0.472, 0.628, 0.721, 0.981, 3.67, 18.437});
const Points abc_times = at_lengths({0.648, 0.590, 0.602, 0.910, 1.006, 1.509});
const Points softmax_memory = at_lengths({81, 265, 952, 3604, 14020, 55300});
const Points abc_memory = at_lengths({42, 80, 156, 308, 612, 1220});

TEST(EfficiencyLength, OfTheMeasurementsOfCabIsWhatCabPublished) {
    const EfficiencyLength time = efficiency_length(softmax_times, abc_times, true);
    ASSERT_TRUE(time.length);
    EXPECT_EQ(std::lround(*time.length), 1877);
    EXPECT_NEAR(time.parabola_r2, 0.9995, 5e-5);
    EXPECT_NEAR(time.line_r2, 0.965, 5e-4);
    EXPECT_TRUE(contains(time.warning, "R² is not above 0.98")) << time.warning;
    const EfficiencyLength memory = efficiency_length(softmax_memory, abc_memory, false);
    ASSERT_TRUE(memory.length);
    EXPECT_EQ(std::lround(*memory.length), 70);
    EXPECT_NEAR(memory.parabola_r2, 1.0, 1e-6);
    EXPECT_NEAR(memory.line_r2, 1.0, 1e-6);
    EXPECT_EQ(memory.warning, "outside of the measured lengths");
}

TEST(EfficiencyLength, IsTheLargerRootOfExactCurves) {
    Points parabola, line;
    for (const double length : {100.0, 200.0, 400.0, 800.0, 1600.0}) {
        parabola.push_back({length, 2e-4 * length * length + 0.05 * length + 3.0});
        line.push_back({length, 0.15 * length + 13.0});
    }
    // 2e-4 L^2 - 0.1 L - 10 = 0
    const EfficiencyLength found = efficiency_length(parabola, line, true);
    ASSERT_TRUE(found.length);
    EXPECT_NEAR(*found.length, (0.1 + std::sqrt(0.01 + 0.008)) / 4e-4, 1e-6);
    EXPECT_EQ(found.warning, "") << "both fits are exact";
}

TEST(EfficiencyLength, SaysWhyThereIsNone) {
    Points parabola, cheap, straight;
    for (const double length : {100.0, 200.0, 400.0, 800.0}) {
        parabola.push_back({length, length * length + 1e6});
        cheap.push_back({length, length});
        straight.push_back({length, std::sqrt(length)});
    }
    const EfficiencyLength below = efficiency_length(parabola, cheap, false);
    EXPECT_FALSE(below.length);
    EXPECT_TRUE(contains(below.warning, "below the parabola at every length")) << below.warning;
    EXPECT_TRUE(contains(efficiency_length(straight, cheap, false).warning, "do not curve upwards"));
    const Points doubled = at_lengths({1, 2, 4, 8, 16, 32}), dearer = at_lengths({3, 5, 9, 17, 33, 65});
    EXPECT_TRUE(contains(efficiency_length(doubled, dearer, false).warning, "do not curve upwards")) << "a line";
    const EfficiencyLength few = efficiency_length(std::span(parabola).first(2), cheap, false);
    EXPECT_FALSE(few.length);
    EXPECT_TRUE(std::isnan(few.parabola_r2));
    EXPECT_EQ(few.warning, "too few lengths for a fit");
    EXPECT_FALSE(efficiency_length({}, {}, true).length);
    EXPECT_TRUE(
        contains(efficiency_length(std::span(parabola).first(3), cheap, false).warning, "too few lengths for R²"));
}

TEST(MeasuredCrossing, LiesBetweenTheLengthsWhereTheOrderChanges) {
    // 256 * 4 against 256 * 8 halves: powers of the length that meet in the middle of 512 and 1024 on a logarithmic
    // axis.
    const MeasuredCrossing crossing = measured_crossing(at_lengths({1, 2, 8, 16}), at_lengths({4, 4, 4, 4}));
    EXPECT_EQ(crossing.kind, Kind::at_length);
    EXPECT_NEAR(crossing.length, 512 * std::sqrt(2.0), 1e-9);
    EXPECT_EQ(crossing_text(crossing), "724");
}

TEST(MeasuredCrossing, CountsFromWhereTheTypeStaysCheaper) {
    const MeasuredCrossing again = measured_crossing(at_lengths({4, 2, 2, 8}), at_lengths({2, 4, 4, 4}));
    EXPECT_EQ(again.kind, Kind::at_length);
    EXPECT_NEAR(again.length, 1024 * std::sqrt(2.0), 1e-9) << "cheaper, dearer, cheaper";
    EXPECT_EQ(crossing_text(measured_crossing(at_lengths({1, 2, 9}), at_lengths({2, 1, 10}))), "none: dearer at 1,024");
    EXPECT_EQ(crossing_text(measured_crossing(at_lengths({2, 4, 9}), at_lengths({1, 1, 1}))),
              "none: cheaper from 256 on");
    EXPECT_EQ(measured_crossing(at_lengths({1, 2}), at_lengths({1, 2})).kind, Kind::never_cheaper) << "equal costs";
}

TEST(MeasuredCrossing, NeedsTwoLengthsOfBoth) {
    EXPECT_EQ(measured_crossing(at_lengths({1, 2, 3}), {}).kind, Kind::unknown);
    EXPECT_EQ(measured_crossing(at_lengths({1, 2}), at_lengths({1, 2}, 512)).kind, Kind::unknown) << "one in common";
    EXPECT_EQ(crossing_text({}), "not known");
}

}  // namespace
}  // namespace heed::test::efficiency_length_test
