#include "heed/datasets/series/time_series.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/core/error.h"
#include "heed/datasets/series/sets/series_set.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::time_series_test {
namespace {

using Strings = std::vector<std::string>;

constexpr int64_t day = 86400;

int64_t at(const char* text) {
    return parse_date_time(text).value();
}

TEST(Calendar, ReadsDatesAndWritesThemBack) {
    EXPECT_EQ(at("1970-01-01"), 0);
    EXPECT_EQ(at("1970-01-02 01:02:03"), day + 3723);
    EXPECT_EQ(at("2016/7/1 0:00"), at("2016-07-01T00:00:00"));
    EXPECT_EQ(at("2016-07-01 00:00:00"), 1467331200);
    EXPECT_EQ(date_time_text(at("2000-02-29 23:59:59")), "2000-02-29 23:59:59");
    EXPECT_EQ(date_text(at("1969-12-31 12:00")), "1969-12-31");
    for (const char* text : {"", "2016", "2016-13-01", "2015-02-29", "2016-07-01 24:00", "2016-07-01 1:0", "x",
                             "2016-07-01 01:00:60", "2016-07-01 01:00:00.5", "16-07-01", "2016-07-01 "}) {
        EXPECT_FALSE(parse_date_time(text).has_value()) << text;
    }
}

TEST(Calendar, StepsAreOfSecondsOrMonths) {
    const auto step = [](const char* first, const char* second) { return TimeStep::between(at(first), at(second)); };
    EXPECT_EQ(step("2016-07-01 00:00", "2016-07-01 01:00").text(), "1 hour");
    EXPECT_EQ(step("2016-07-01 00:00", "2016-07-01 00:15").season(), 96);
    EXPECT_EQ(step("2016-07-01", "2016-07-02").season(), 7);
    EXPECT_EQ(step("2016-07-01", "2016-07-08").season(), 0);
    const TimeStep month = step("2016-01-01", "2016-02-01"), end = step("2016-01-31", "2016-02-29");
    EXPECT_EQ(month.season(), 12);
    EXPECT_EQ(date_text(month.after(at("2016-01-01"), 13)), "2017-02-01");
    EXPECT_EQ(date_text(end.after(at("2016-01-31"), 2)), "2016-03-31");
    EXPECT_EQ(date_text(end.after(at("2016-01-31"), 13)), "2017-02-28");
}

TEST(Calendar, FeaturesAreCircles) {
    std::vector<float> features(calendar_features);
    fill_calendar(at("2016-07-04 06:00"), features);  // a Monday
    EXPECT_NEAR(features[0], 1.0, 1e-6);
    EXPECT_NEAR(features[1], 0.0, 1e-6);
    EXPECT_NEAR(features[2], 0.0, 1e-6);
    EXPECT_NEAR(features[3], 1.0, 1e-6);
    EXPECT_NEAR(features[4], std::sin(2 * M_PI * 3 / 31), 1e-6);
    EXPECT_NEAR(features[7], std::cos(2 * M_PI * 6 / 12), 1e-6);
}

/// The series of a file with this content.
TimeSeries read(const std::string& content, const Strings& columns = {}) {
    const TemporaryFolder folder;
    write_text(folder / "series.csv", content);
    return read_time_series(folder / "series.csv", {.layout = {}, .columns = columns});
}

TEST(TimeSeries, ReadsColumnsInTheOrderAskedFor) {
    const TimeSeries all = read(
        "\xef\xbb\xbf"
        "date,a,b\r\n2020-01-01,1,-2.5e1\r\n2020-01-02, 3 ,4\r\n");
    EXPECT_EQ(all.columns, (Strings{"a", "b"}));
    EXPECT_EQ(all.values, (std::vector<double>{1, -25, 3, 4}));
    EXPECT_TRUE(all.has_dates_alone());
    EXPECT_EQ(all.time_text(all.step.after(all.times.front(), 2)), "2020-01-03");
    const TimeSeries some = read("a,date,b\n1,2020-01-01 01:00,2\n3,2020-01-01 02:00,4\n", {"b", "a"});
    EXPECT_EQ(some.values, (std::vector<double>{2, 1, 4, 3}));
    EXPECT_FALSE(some.has_dates_alone());
    const TimeSeries months = read("date,a\n2020-01-01,1\n2020-02-01,2\n2020-03-01,3\n");
    EXPECT_EQ(months.step, (TimeStep{0, 1, false}));
    // Four weeks behind the first of February is the first of March.
    EXPECT_EQ(read("date,a\n2021-02-01,1\n2021-03-01,2\n2021-03-29,3\n").step.text(), "4 weeks");
}

TEST(TimeSeries, RefusesWhatIsNoSeries) {
    const auto refused = [](const std::string& rows, const std::string& part, const Strings& columns = {}) {
        EXPECT_TRUE(contains(message_of<UserError>([&] { read(rows, columns); }), part)) << rows;
    };
    const std::string two = "date,OT\n2020-01-01 00:00,1\n2020-01-01 01:00,2\n";
    refused(two + "2020-01-01 02:00,x\n", "series.csv', line 4: column \"OT\": expected a number, got \"x\"");
    refused(two + "2020-01-01 02:00,\n", "line 4: column \"OT\": expected a number, found an empty cell");
    refused(two + "2020-01-01 02:00,nan\n", "line 4: column \"OT\": expected a finite number");
    refused(two + "2020-01-01 02:00,inf\n", "expected a finite number of at most 1e+30, got \"inf\"");
    refused(two + "2020-01-01 02:00,1e400\n", "expected a finite number");
    refused(two + "2020-01-01 02:00,1e31\n", "expected a finite number");
    refused(two + "2020-01-01 02:00,1,2\n", "line 4: expected 2 columns as in the first line, found 3");
    refused(two + "2020-01-01 03:00,3\n",
            "line 4: column \"date\": expected 2020-01-01 02:00:00, 1 hour behind the row before, as the first rows "
            "are apart, got 2020-01-01 03:00:00");
    refused(two + "2020-01-01 01:00,3\n",
            "expected a date behind that of the row before (2020-01-01 01:00:00), got the "
            "same again");
    refused(two + "2020-01-01 00:30,3\n", "got 2020-01-01 00:30:00");
    refused(two + ",3\n", "line 4: column \"date\": expected a date, found an empty cell");
    refused(two + "1.1.2020,3\n", "expected a date such as 2016-07-01 13:00:00, got \"1.1.2020\"");
    refused("Date,OT\n2020-01-01,1\n", "expected a column of dates \"date\", found Date and OT (did you mean Date?)");
    refused("date;OT\n2020-01-01;1\n", "found date;OT (';' stands between the columns: give data.separator semicolon)");
    refused("", "expected a column of dates \"date\", found an empty file");
    refused("date\n2020-01-01\n", "expected a column of numbers beside the dates");
    refused("date,OT\n2020-01-01,1\n", "expected at least two rows, found 1");
    refused(two, "expected a column \"OTT\", found date and OT (did you mean OT?)", {"OTT"});
}

/// A file of `rows` hourly rows with the columns "up", which rises, and "flat", which changes in its last row alone.
void write_series(const std::string& path, int64_t rows) {
    std::string text = "date,up,flat\n";
    for (int64_t row = 0; row < rows; ++row) {
        text += date_time_text(row * 3600) + "," + std::to_string(row) + (row + 1 == rows ? ",1\n" : ",0\n");
    }
    write_text(path, text);
}

SeriesData open(const TemporaryFolder& folder, const std::string& set,
                const std::vector<std::pair<std::string, std::string>>& settings) {
    const auto options = series_set(set).make_options();
    Fields fields;
    options->describe(fields);
    for (const auto& [name, value] : settings) EXPECT_EQ(fields.find(name)->set_from_text(value), "") << name;
    options->root = folder.path();
    return series_set(set).open(*options);
}

TEST(SeriesSets, OwnFilesAreSplitByShareCountOrDate) {
    const TemporaryFolder folder;
    write_series(folder / "own.csv", 100);
    const auto parts = [&](const std::string& validation, const std::string& test) {
        const SeriesData data =
            open(folder, "csv_series", {{"file", "own.csv"}, {"validation", validation}, {"test", test}});
        EXPECT_EQ(data.train.begin, 0);
        EXPECT_EQ(data.train.end, data.validation.begin);
        EXPECT_EQ(data.validation.end, data.test.begin);
        EXPECT_EQ(data.test.end, 100);
        return std::pair(data.validation.size(), data.test.size());
    };
    EXPECT_EQ(parts("10%", "20 %"), std::pair(int64_t{10}, int64_t{20}));
    EXPECT_EQ(parts("0.05", "7"), std::pair(int64_t{5}, int64_t{7}));
    EXPECT_EQ(parts("0", "1970-01-05"), std::pair(int64_t{0}, int64_t{4}));
    EXPECT_EQ(parts("1970-01-04 12:00", "1970-01-05"), std::pair(int64_t{12}, int64_t{4}));
    const auto refused = [&](const std::string& key, const std::string& value, const std::string& part) {
        const auto attempt = [&] { open(folder, "csv_series", {{"file", "own.csv"}, {key, value}}); };
        EXPECT_TRUE(contains(message_of<UserError>(attempt), part)) << value;
    };
    refused("test", "some", "data.test expects a share below 1 (20% or 0.2), a number of rows, or the date");
    refused("test", "120%", "data.test expects a share below 1");
    refused("test", "100", "data.test 100 takes 100 rows, but");
    refused("validation", "80", "data.validation 80 takes 80 rows, but");
    refused("test", "1980-01-01", "data.test 1980-01-01: ");
    refused("label", "97", "data.label 97 is more than data.window 96");
    refused("file", "own.jsonl", "a series is read from CSV or TSV files");
}

TEST(SeriesSets, ScalesByTheRowsAskedForAndRefusesConstantColumns) {
    const TemporaryFolder folder;
    write_series(folder / "own.csv", 100);
    const SeriesData data = open(folder, "csv_series", {{"file", "own.csv"}, {"columns", "[up]"}});
    const SeriesScale scale = scale_of(data.series, {0, 5});
    EXPECT_DOUBLE_EQ(scale.mean[0], 2.0);
    EXPECT_DOUBLE_EQ(scale.deviation[0], std::sqrt(2.0));
    EXPECT_DOUBLE_EQ(scale.unscaled(scale.scaled(7.5, 0), 0), 7.5);
    const SeriesData both = open(folder, "csv_series", {{"file", "own.csv"}});
    EXPECT_EQ(scale_of(both.series, {0, 100}).mean[1], 0.01);
    EXPECT_TRUE(contains(message_of<UserError>([&] { scale_of(both.series, both.train); }),
                         "column \"flat\" is 0 in all 70 training rows, so that it cannot be scaled"));
    EXPECT_NE(fingerprint(data.series, data.train), fingerprint(data.series, data.test));
    EXPECT_EQ(fingerprint(data.series, {3, 3}), "");
}

TEST(SeriesSets, EttHasItsOfficialParts) {
    const TemporaryFolder folder;
    std::string text = "date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT\n";
    for (int64_t row = 0; row < 14500; ++row) {
        text += date_time_text(row * 3600) + ",1,2,3,4,5,6," + std::to_string(row) + "\n";
    }
    write_text(folder / "ETTh1.csv", text);
    const SeriesData data = open(folder, "etth1", {{"columns", "[OT]"}});
    EXPECT_EQ(data.train, (PositionRange{0, 8640}));
    EXPECT_EQ(data.validation, (PositionRange{8640, 11520}));
    EXPECT_EQ(data.test, (PositionRange{11520, 14400}));
    EXPECT_EQ(data.series.columns, Strings{"OT"});
    EXPECT_EQ(data.train.size(), series_set("etth1").train_rows);
    EXPECT_TRUE(contains(describe(data), "2880"));
    EXPECT_TRUE(contains(message_of<UserError>([] { series_set("etth3"); }), "did you mean etth1"));
}

}  // namespace
}  // namespace heed::test::time_series_test
