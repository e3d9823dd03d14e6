#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "heed/core/error.h"
#include "heed/trainers/report/charts/axis.h"
#include "heed/trainers/report/charts/chart.h"
#include "heed/trainers/report/charts/history.h"
#include "heed/trainers/report/charts/series.h"
#include "heed/trainers/report/text.h"

namespace heed::report_parts_test {
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
    EXPECT_EQ(percent_text(0.9996, 1), "over 99.9 %");
    EXPECT_EQ(percent_text(0.996, 0), "over 99 %");
    EXPECT_EQ(percent_text(0.9994, 1), "99.9 %");
    EXPECT_EQ(percent_text(1.0, 1), "100.0 %");
    EXPECT_EQ(percent_text(1.5, 0), "150 %");
    EXPECT_EQ(duration_text(0.64), "0.6 s");
    EXPECT_EQ(duration_text(59.7), "1 min 0 s");
    EXPECT_EQ(duration_text(192.0), "3 min 12 s");
    EXPECT_EQ(duration_text(7500.0), "2 h 5 min");
    EXPECT_EQ(duration_text(infinity), "unknown");
    EXPECT_EQ(bytes_text(12), "12 B");
    EXPECT_EQ(bytes_text(1840000000), "1.8 GB");
    EXPECT_EQ(bytes_text(999999), "1.0 MB");
}

ThinnedSeries series_of(const std::vector<Point>& values, int64_t most_points = 600) {
    ThinnedSeries series(most_points);
    for (const Point& value : values) series.add(value.x, value.y, value.weight);
    return series;
}

TEST(ReportSeries, ThinsToWeightedMeans) {
    const std::vector<Point> points = series_of({{1, 2.0, 1.0}, {2, 5.0, 3.0}, {3, 7.0, 1.0}}, 2).points();
    ASSERT_EQ(points.size(), 2U);
    EXPECT_EQ(points[0].x, 1.5);
    EXPECT_EQ(points[0].y, 4.25);
    EXPECT_EQ(points[0].weight, 4.0);
    EXPECT_EQ(points[1].x, 3.0);
    EXPECT_EQ(points[1].y, 7.0);
    EXPECT_TRUE(ThinnedSeries().points().empty());
    EXPECT_THROW(ThinnedSeries(3), Error);
}

TEST(ReportSeries, KeepsABoundedNumberOfPointsHoweverManyValues) {
    for (const int64_t count : {1, 599, 600, 601, 1200, 12345, 200000}) {
        ThinnedSeries series;
        double sum = 0.0;
        for (int64_t i = 0; i < count; ++i) {
            series.add(static_cast<double>(i), static_cast<double>(i % 7));
            sum += static_cast<double>(i % 7);
        }
        const std::vector<Point> points = series.points();
        EXPECT_LE(points.size(), 600U) << count;
        EXPECT_GE(points.size(), std::min<size_t>(300, static_cast<size_t>(count))) << count;
        double kept = 0.0, weight = 0.0;
        for (const Point& point : points) {
            kept += point.y * point.weight;
            weight += point.weight;
        }
        EXPECT_EQ(weight, static_cast<double>(count));
        EXPECT_NEAR(kept, sum, 1e-9 * sum + 1e-12) << count;
    }
}

TEST(ReportSeries, WhatIsNotFiniteLeavesAGapOnlyWhereNothingElseIs) {
    const std::vector<Point> points =
        series_of({{1, nan}, {2, 3.0}, {3, infinity}, {4, 1e300}, {5, 4.0}, {6, 6.0}, {7, 5.0}}, 4).points();
    ASSERT_EQ(points.size(), 4U);
    EXPECT_EQ(points[0].y, 3.0);
    EXPECT_TRUE(std::isnan(points[1].y));
    EXPECT_EQ(points[2].y, 5.0);

    const std::vector<Point> smoothed = smooth(points, 1);
    EXPECT_EQ(smoothed[0].y, 3.0);
    EXPECT_TRUE(std::isnan(smoothed[1].y));
    EXPECT_EQ(smoothed[2].y, 5.0);
    EXPECT_EQ(sorted_values(points), (std::vector<double>{3.0, 5.0, 5.0}));
}

TEST(ReportSeries, SmoothingIsWeightedAsThePointsAre) {
    // 10 and 1000 items a second, for 9 s and 1 s: 109 a second, not the mean of the rates.
    const std::vector<Point> smoothed = smooth({{1, 10.0, 4.5}, {2, 1000.0, 1.0}, {3, 10.0, 4.5}}, 1);
    EXPECT_DOUBLE_EQ(smoothed[1].y, 109.0);
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
    EXPECT_DOUBLE_EQ(axis.position(1.25), 0.5);
    EXPECT_EQ(labels(rounded_axis(72.0, 94.0, 5)), (Texts{"70", "75", "80", "85", "90", "95"}));
    EXPECT_EQ(labels(rounded_axis(0.0, 0.001, 5)), (Texts{"0", "0.0002", "0.0004", "0.0006", "0.0008", "0.0010"}));
    EXPECT_EQ(labels(rounded_axis(0.0, 1e-5, 2)), (Texts{"0", "0.5e-5", "1.0e-5"}));
    EXPECT_EQ(labels(rounded_axis(-2.0, 2.0, 4)), (Texts{"-2", "-1", "0", "1", "2"}));
    EXPECT_EQ(labels(rounded_axis(0.0, 150'000.0, 3)), (Texts{"0", "50k", "100k", "150k"}))
        << "longer ones are cut off";
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
    EXPECT_NEAR(axis.position(axis.low), 0.0, 1e-12);
    EXPECT_NEAR(axis.position(axis.high), 1.0, 1e-12);
    EXPECT_NEAR(axis.position(std::sqrt(axis.low * axis.high)), 0.5, 1e-12);
    EXPECT_TRUE(std::isnan(axis.position(0.0)));
    EXPECT_TRUE(std::isnan(axis.position(-1.0)));
    EXPECT_EQ(labels(logarithmic_axis(3e-6, 200.0)),
              (Texts{"1e-5", "0.0001", "0.001", "0.01", "0.1", "1", "10", "100"}));
    EXPECT_EQ(labels(logarithmic_axis(100.0, 2e5)), (Texts{"100", "1,000", "10,000", "1e5"}));
    EXPECT_EQ(labels(logarithmic_axis_at({4096.0, 64.0, 256.0, 260.0, 12.5})), (Texts{"12.5", "64", "256", "4,096"}));
    EXPECT_EQ(labels(logarithmic_axis_at({7.0})), Texts{"7"});
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
    History history;
    for (const MetricsRecord& record : metrics) history.add(record);
    ASSERT_EQ(history.epochs.rows().size(), 2U);
    EXPECT_DOUBLE_EQ(history.epochs.rows()[0].loss, 3.0);
    EXPECT_DOUBLE_EQ(history.epochs.rows()[0].correct, 2.0 / 6.0);
    EXPECT_EQ(history.epochs.rows()[0].samples, 6);
    EXPECT_EQ(history.epochs.rows()[0].last_step, 2);
    EXPECT_EQ(history.epochs.rows()[0].validation_accuracy, 0.75);
    EXPECT_FALSE(history.epochs.rows()[1].validation_loss.has_value());
    EXPECT_EQ(history.resumes, std::vector<double>{1.0});
    EXPECT_EQ(history.not_finite, 1);
    EXPECT_EQ(history.last_step, 3);
    EXPECT_EQ(history.seconds, 3.0);
    EXPECT_EQ(history.peak_bytes, 77);
    ASSERT_EQ(history.update_ratio.points().size(), 1U);
    EXPECT_EQ(history.update_ratio.points()[0].y, 0.01);
    ASSERT_EQ(history.attention_entropy.points().size(), 1U);
    EXPECT_EQ(history.attention_entropy.points()[0].y, 1.5);
    EXPECT_TRUE(history.covered_mass.empty());
    ASSERT_EQ(history.rate.points().size(), 2U);
    EXPECT_EQ(history.rate.points()[0].y, 2.0);
    EXPECT_EQ(history.wait.points()[0].y, 0.25);
    EXPECT_EQ(history.epochs.epoch_steps(), 2);
    ASSERT_TRUE(history.test_accuracy.has_value());
    EXPECT_EQ(history.test_accuracy->x, 2.0);
}

TEST(ReportHistory, TellsOfCallsAndEnds) {
    History history;
    history.add({"start",
                 {{"step", int64_t{0}},
                  {"command", std::string("heed train a")},
                  {"commit", std::string("abc")},
                  {"versions", std::string("heed 1")},
                  {"unit", std::string("texts")}}});
    EXPECT_EQ(history.unit, "texts");
    EXPECT_EQ(history.end, "");
    history.add({"stopped", {{"step", int64_t{1200}}, {"signal", std::string("SIGTERM")}}});
    EXPECT_EQ(history.end, "Stopped by SIGTERM after step 1,200");
    history.add({"resume", {{"step", int64_t{1200}}, {"command", std::string("heed train a --resume")}}});
    EXPECT_EQ(history.end, "");
    history.add({"diverged", {{"step", int64_t{1300}}, {"reason", std::string("the loss is no number")}}});
    EXPECT_EQ(history.end, "Diverged at step 1,300: the loss is no number");
    ASSERT_EQ(history.calls.size(), 2U);
    EXPECT_EQ(history.calls[0].origin.commit, "abc");
    EXPECT_EQ(history.calls[1].after_step, 1200);
    EXPECT_EQ(history.calls[1].origin.versions, "");
}

TEST(ReportHistory, KeepsABoundedNumberOfEpochs) {
    EpochTable table;
    for (int64_t epoch = 1; epoch <= 12345; ++epoch) {
        table.row(epoch).last_step = 3 * epoch;
        table.row(epoch).samples += 7;
        ASSERT_LE(table.rows().size(), EpochTable::most_rows + 1);
        ASSERT_EQ(table.rows().back().epoch, epoch);
    }
    EXPECT_EQ(table.epoch_steps(), 3);
    ASSERT_GE(table.rows().size(), EpochTable::most_rows / 2);
    for (size_t i = 0; i + 1 < table.rows().size(); ++i) {
        EXPECT_EQ(table.rows()[i].epoch, static_cast<int64_t>(i + 1) * 32);
        EXPECT_EQ(table.rows()[i].samples, 7);
    }
}

TEST(Chart, LongLabelsOfValuesHaveRoom) {
    const auto left_of = [](const std::string& suffix) {
        Chart chart;
        chart.steps = logarithmic_axis(100.0, 1000.0);
        chart.values = logarithmic_axis(1.0, 20000.0);
        chart.suffix = suffix;
        const std::string html = chart_html(chart), name = "data-frame=\"";
        return std::stod(html.substr(html.find(name) + name.size()));
    };
    EXPECT_EQ(left_of(""), 62.0);
    EXPECT_GE(left_of(" us"), 8.0 + 7.0 * 9) << "10,000 us";
}

}  // namespace
}  // namespace heed::report_parts_test
