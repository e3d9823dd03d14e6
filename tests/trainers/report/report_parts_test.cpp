#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "heed/trainers/report/charts/axis.h"
#include "heed/trainers/report/charts/history.h"
#include "heed/trainers/report/charts/series.h"
#include "heed/trainers/report/text.h"

namespace heed {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<std::string> labels(const Axis& axis) {
    std::vector<std::string> texts;
    for (const Tick& tick : axis.ticks) texts.push_back(tick.label);
    return texts;
}

using Texts = std::vector<std::string>;

TEST(ReportText, EscapesHtml) {
    EXPECT_EQ(escape_html("a < b & \"c\" > 'd'"), "a &lt; b &amp; &quot;c&quot; &gt; &#39;d&#39;");
    EXPECT_EQ(escape_html("Größe\n\t1"), "Größe\n\t1");
    EXPECT_EQ(escape_html("a\u202eb\u2066c\u009bd\u200fe"), "a\uFFFDb\uFFFDc\uFFFDd\u200fe");
    EXPECT_EQ(escape_html(std::string("x\0y\x1bz\x7f", 6)), "x\uFFFDy\uFFFDz\uFFFD");
}

TEST(ReportText, Base64IsThatOfTheStandard) {
    auto encode = [](std::string_view text) {
        return base64({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    };
    EXPECT_EQ(encode(""), "");
    EXPECT_EQ(encode("f"), "Zg==");
    EXPECT_EQ(encode("fo"), "Zm8=");
    EXPECT_EQ(encode("foo"), "Zm9v");
    EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
    EXPECT_EQ(encode("\xff\xfe\xfd"), "//79");
}

TEST(ReportText, Numbers) {
    EXPECT_EQ(group_digits(0), "0");
    EXPECT_EQ(group_digits(999), "999");
    EXPECT_EQ(group_digits(-1000), "-1,000");
    EXPECT_EQ(group_digits(1234567), "1,234,567");
    EXPECT_EQ(percent_text(0.9134, 1), "91.3 %");
    EXPECT_EQ(percent_text(nan, 1), "not a number");
    EXPECT_EQ(duration_text(0.64), "0.6 s");
    EXPECT_EQ(duration_text(59.7), "1 min 0 s");
    EXPECT_EQ(duration_text(192.0), "3 min 12 s");
    EXPECT_EQ(duration_text(7500.0), "2 h 5 min");
    EXPECT_EQ(duration_text(infinity), "unknown");
    EXPECT_EQ(bytes_text(12), "12 B");
    EXPECT_EQ(bytes_text(1840000000), "1.8 GB");
    EXPECT_EQ(bytes_text(999999), "1.0 MB");
}

TEST(ReportSeries, ThinsToWeightedMeans) {
    const std::vector<Point> points = thin({{1, 2.0, 1.0}, {2, 5.0, 3.0}, {3, 7.0, 1.0}}, 2);
    ASSERT_EQ(points.size(), 2U);
    EXPECT_EQ(points[0].x, 1.5);
    EXPECT_EQ(points[0].y, 4.25);
    EXPECT_EQ(points[1].x, 3.0);
    EXPECT_EQ(points[1].y, 7.0);

    std::vector<Sample> many(12345);
    for (size_t i = 0; i < many.size(); ++i) many[i] = {static_cast<double>(i), 1.0, 1.0};
    EXPECT_LE(thin(many, 600).size(), 600U);
    EXPECT_GE(thin(many, 600).size(), 500U);
    EXPECT_TRUE(thin({}, 600).empty());
}

TEST(ReportSeries, WhatIsNotFiniteLeavesAGapOnlyWhereNothingElseIs) {
    const std::vector<Point> points = thin({{1, nan}, {2, 3.0}, {3, infinity}, {4, 1e300}, {5, 4.0}, {6, 6.0}}, 3);
    ASSERT_EQ(points.size(), 3U);
    EXPECT_EQ(points[0].y, 3.0);
    EXPECT_TRUE(std::isnan(points[1].y));
    EXPECT_EQ(points[2].y, 5.0);

    const std::vector<Point> smoothed = smooth(points, 1);
    EXPECT_EQ(smoothed[0].y, 3.0);
    EXPECT_TRUE(std::isnan(smoothed[1].y));
    EXPECT_EQ(smoothed[2].y, 5.0);
    EXPECT_EQ(sorted_values(points), (std::vector<double>{3.0, 5.0}));
}

TEST(ReportSeries, SmoothingKeepsTheFirstValueAndAStraightLine) {
    std::vector<Point> line;
    for (int i = 0; i < 20; ++i) line.push_back({static_cast<double>(i), 3.0 * i});
    const std::vector<Point> smoothed = smooth(line, 4);
    for (size_t i = 0; i < 16; ++i) EXPECT_DOUBLE_EQ(smoothed[i].y, line[i].y) << i;
    EXPECT_DOUBLE_EQ(smoothed[19].y, 51.0);
}

TEST(ReportAxis, RoundedTicks) {
    const Axis axis = rounded_axis(0.0, 2.43, 5);
    EXPECT_EQ(axis.high, 2.5);
    EXPECT_EQ(labels(axis), (Texts{"0", "0.5", "1.0", "1.5", "2.0", "2.5"}));
    EXPECT_DOUBLE_EQ(axis.place(1.25), 0.5);
    EXPECT_EQ(labels(rounded_axis(72.0, 94.0, 5)), (Texts{"70", "75", "80", "85", "90", "95"}));
    EXPECT_EQ(labels(rounded_axis(0.0, 0.001, 5)), (Texts{"0", "0.0002", "0.0004", "0.0006", "0.0008", "0.0010"}));
    EXPECT_EQ(labels(rounded_axis(0.0, 1e-5, 2)), (Texts{"0", "0.5e-5", "1.0e-5"}));
    EXPECT_EQ(labels(rounded_axis(-2.0, 2.0, 4)), (Texts{"-2", "-1", "0", "1", "2"}));
    EXPECT_EQ(labels(rounded_axis(0.0, 3e12, 3)), (Texts{"0", "1e12", "2e12", "3e12"}));
}

TEST(ReportAxis, ConstantsHaveRoom) {
    for (const double value : {0.0, 1.0, -3.0, 1e-9, 1e99}) {
        const Axis axis = rounded_axis(value, value, 5);
        EXPECT_LE(axis.low, value);
        EXPECT_GE(axis.high, value);
        EXPECT_LT(axis.low, axis.high);
        EXPECT_GE(axis.ticks.size(), 2U);
        EXPECT_LE(axis.ticks.size(), 12U);
    }
}

TEST(ReportAxis, StepsAreWholeNumbers) {
    EXPECT_EQ(labels(whole_number_axis(0, 3, 6)), (Texts{"0", "1", "2", "3"}));
    EXPECT_EQ(labels(whole_number_axis(0, 0, 6)), (Texts{"0", "1"}));
    EXPECT_EQ(whole_number_axis(0, 4220, 6).high, 4220.0);
    EXPECT_EQ(labels(whole_number_axis(0, 4220, 6)), (Texts{"0", "1,000", "2,000", "3,000", "4,000"}));
    EXPECT_EQ(labels(whole_number_axis(0, 2.4e6, 6)), (Texts{"0", "0.5M", "1.0M", "1.5M", "2.0M"}));
}

TEST(ReportAxis, Logarithmic) {
    const Axis axis = logarithmic_axis(0.02, 2.3);
    EXPECT_EQ(labels(axis), (Texts{"0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"}));
    EXPECT_NEAR(axis.place(axis.low), 0.0, 1e-12);
    EXPECT_NEAR(axis.place(axis.high), 1.0, 1e-12);
    EXPECT_NEAR(axis.place(std::sqrt(axis.low * axis.high)), 0.5, 1e-12);
    EXPECT_TRUE(std::isnan(axis.place(0.0)));
    EXPECT_TRUE(std::isnan(axis.place(-1.0)));
    EXPECT_EQ(labels(logarithmic_axis(3e-6, 200.0)),
              (Texts{"1e-5", "0.0001", "0.001", "0.01", "0.1", "1", "10", "100"}));
    EXPECT_LE(logarithmic_axis(1e-90, 1e90).ticks.size(), 10U);
}

TEST(ReportHistory, SumsEpochsAcrossAResume) {
    const std::vector<MetricsRecord> metrics = {
        {"step",
         {{"step", int64_t{1}},
          {"epoch", int64_t{1}},
          {"loss", 2.0},
          {"accuracy", 0.5},
          {"samples", int64_t{4}},
          {"seconds", 2.0},
          {"data_wait", 0.5}}},
        {"resume", {{"step", int64_t{1}}}},
        {"step",
         {{"step", int64_t{2}},
          {"epoch", int64_t{1}},
          {"loss", 5.0},
          {"accuracy", 0.0},
          {"samples", int64_t{2}},
          {"seconds", 1.0},
          {"data_wait", 0.0}}},
        {"validation", {{"step", int64_t{2}}, {"epoch", int64_t{1}}, {"loss", 1.5}, {"accuracy", 0.75}}},
        {"step", {{"step", int64_t{3}}, {"epoch", int64_t{2}}, {"loss", std::string("NaN")}}},
        {"test", {{"step", int64_t{2}}, {"loss", 1.0}, {"accuracy", 0.7}, {"peak_bytes", int64_t{77}}}},
        {"watch",
         {{"step", int64_t{3}},
          {"update_ratio", 0.01},
          {"update_ratio.decay", 0.02},
          {"attention_entropy.0", 1.0},
          {"attention_entropy.1", 2.0}}},
        {"checkpoint", {{"step", int64_t{3}}}},
    };
    const History history = History::of(metrics);
    ASSERT_EQ(history.epochs.size(), 2U);
    EXPECT_DOUBLE_EQ(history.epochs[0].loss, 3.0);
    EXPECT_DOUBLE_EQ(history.epochs[0].correct, 2.0 / 6.0);
    EXPECT_EQ(history.epochs[0].samples, 6);
    EXPECT_EQ(history.epochs[0].last_step, 2);
    EXPECT_EQ(history.epochs[0].validation_accuracy, 0.75);
    EXPECT_FALSE(history.epochs[1].validation_loss.has_value());
    EXPECT_EQ(history.resumes, std::vector<double>{1.0});
    EXPECT_EQ(history.not_finite, 1);
    EXPECT_EQ(history.last_step, 3);
    EXPECT_EQ(history.seconds, 3.0);
    EXPECT_EQ(history.peak_bytes, 77);
    ASSERT_EQ(history.update_ratio.size(), 1U);
    EXPECT_EQ(history.update_ratio[0].value, 0.01);
    ASSERT_EQ(history.attention_entropy.size(), 1U);
    EXPECT_EQ(history.attention_entropy[0].value, 1.5);
    EXPECT_TRUE(history.covered_mass.empty());
    ASSERT_EQ(history.rate.size(), 2U);
    EXPECT_EQ(history.rate[0].value, 2.0);
    EXPECT_EQ(history.wait[0].value, 0.25);
    ASSERT_TRUE(history.test_accuracy.has_value());
    EXPECT_EQ(history.test_accuracy->x, 2.0);
}

}  // namespace
}  // namespace heed
