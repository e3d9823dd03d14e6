#include "heed/trainers/record/metrics_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/restricted.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/record/metrics_reader.h"

namespace heed::metrics_log_test {
namespace {

using test::contains;
using test::message_of;
using test::read_text;
using test::write_text;

struct MetricsTest : testing::Test {
    test::TemporaryFolder folder;
    std::string path = folder / "metrics.jsonl";

    /// The file after a resume from `step`.
    std::string truncated(const std::string& text, int64_t step) {
        write_text(path, text);
        truncate_metrics_after_step(path, step, true);
        return read_text(path);
    }
    std::string read_error(const std::string& text) {
        write_text(path, text);
        return message_of<UserError>([&] { read_metrics(path); });
    }
};

TEST_F(MetricsTest, OneObjectALineInTheGivenOrder) {
    MetricsLog log(path, MetricsLog::Mode::start_new);
    log.write("step", {{"step", 1}, {"epoch", 1}, {"loss", 2.302585092994046}, {"accuracy", 1.0}, {"done", false}});
    EXPECT_EQ(read_text(path),
              "{\"event\":\"step\",\"step\":1,\"epoch\":1,\"loss\":2.302585092994046,"
              "\"accuracy\":1.0,\"done\":false}\n")
        << "a line must be in the file at once";
    log.write("resume", {{"note", "a \"quoted\"\nline \\ \x01 \u00e9"}});
    log.write("end", {});
    EXPECT_TRUE(contains(read_text(path), "\"note\":\"a \\\"quoted\\\"\\u000aline \\\\ \\u0001 \u00e9\"}\n"));
    EXPECT_TRUE(contains(read_text(path), "{\"event\":\"end\"}\n"));
    log.sync();
}

TEST_F(MetricsTest, NumbersKeepEveryBit) {
    const std::vector<double> numbers{0.1,
                                      1.0 / 3.0,
                                      -0.0,
                                      1e300,
                                      5e-324,
                                      123456789.125,
                                      static_cast<double>(0.1f),
                                      std::numeric_limits<double>::max(),
                                      std::numeric_limits<double>::quiet_NaN(),
                                      std::numeric_limits<double>::infinity(),
                                      -std::numeric_limits<double>::infinity()};
    {
        MetricsLog log(path, MetricsLog::Mode::start_new);
        for (const double number : numbers) log.write("step", {{"loss", number}});
        log.write("step",
                  {{"bytes", std::numeric_limits<int64_t>::max()}, {"low", std::numeric_limits<int64_t>::min()}});
    }
    const std::vector<MetricsRecord> records = read_metrics(path);
    ASSERT_EQ(records.size(), numbers.size() + 1);
    for (size_t i = 0; i < numbers.size(); ++i) {
        const double loss = records[i].number("loss").value();
        if (std::isnan(numbers[i])) {
            EXPECT_TRUE(std::isnan(loss));
        } else {
            EXPECT_EQ(loss, numbers[i]);
            EXPECT_EQ(std::signbit(loss), std::signbit(numbers[i]));
        }
    }
    EXPECT_EQ(records.back().integer("bytes"), std::numeric_limits<int64_t>::max());
    EXPECT_EQ(records.back().integer("low"), std::numeric_limits<int64_t>::min());
    EXPECT_TRUE(contains(read_text(path), "\"loss\":\"NaN\"}\n"));
}

TEST_F(MetricsTest, RecordsGiveTheirFieldsByName) {
    {
        MetricsLog log(path, MetricsLog::Mode::start_new);
        log.write("validation", {{"step", int64_t{7}}, {"accuracy", 0.875}, {"split", "validation"}, {"best", true}});
    }
    const MetricsRecord record = read_metrics(path).at(0);
    EXPECT_EQ(record.event, "validation");
    ASSERT_EQ(record.fields.size(), 4u);
    EXPECT_EQ(record.fields[1].first, "accuracy");
    EXPECT_EQ(std::get<bool>(record.fields[3].second), true);
    EXPECT_EQ(record.integer("step"), 7);
    EXPECT_EQ(record.number("step"), 7.0);
    EXPECT_EQ(record.number("accuracy"), 0.875);
    EXPECT_EQ(record.integer("accuracy"), std::nullopt);
    EXPECT_EQ(record.text("split"), "validation");
    EXPECT_EQ(record.number("split"), std::nullopt);
    EXPECT_EQ(record.text("step"), std::nullopt);
    EXPECT_EQ(record.number("best"), std::nullopt);
    EXPECT_EQ(record.number("f1"), std::nullopt);
}

TEST_F(MetricsTest, AppendsOrStartsNew) {
    { MetricsLog(path, MetricsLog::Mode::append).write("step", {{"step", 1}}); }
    { MetricsLog(path, MetricsLog::Mode::append).write("step", {{"step", 2}}); }
    EXPECT_EQ(read_metrics(path).size(), 2u);
    { MetricsLog(path, MetricsLog::Mode::start_new).write("step", {{"step", 3}}); }
    ASSERT_EQ(read_metrics(path).size(), 1u);
    EXPECT_EQ(read_metrics(path)[0].integer("step"), 3);
}

TEST_F(MetricsTest, ResumingDropsLaterStepsAndAHalfWrittenLine) {
    const std::string one = "{\"event\":\"step\",\"step\":1}\n";
    const std::string two = "{\"event\":\"step\",\"step\":2}\n";
    const std::string validation = "{\"event\":\"validation\",\"step\":2}\n";
    const std::string three = "{\"event\":\"step\",\"step\":3}\n";
    const std::string note = "{\"event\":\"note\"}\n";
    const std::string all = note + one + two + validation + three;
    EXPECT_EQ(truncated(all, 2), note + one + two + validation);
    EXPECT_EQ(truncated(all, 1), note + one);
    EXPECT_EQ(truncated(all, 0), note);
    EXPECT_EQ(truncated(all, 3), all);
    EXPECT_EQ(truncated(all + "{\"event\":\"st", 3), all);
    EXPECT_EQ(truncated(one + "{\"event\":\"step\",\"step\":2}", 5), one)
        << "without its end a line may be half a number";
    EXPECT_EQ(truncated(one + three + note, 1), one) << "what came after a later step is later";
    EXPECT_EQ(truncated(one + std::string(100, '\0'), 1), one) << "a crash of the machine may leave zeros";
    EXPECT_EQ(truncated("", 1), "");
    std::filesystem::remove(path);
    EXPECT_EQ(truncate_metrics_after_step(path, 1, true).last_step, 0);
    EXPECT_FALSE(std::filesystem::exists(path));
    write_text(path, one + two + validation + three);
    EXPECT_EQ(truncate_metrics_after_step(path, 2, true).last_step, 2);
    write_text(path, one + validation);
    EXPECT_EQ(truncate_metrics_after_step(path, 5, true).last_step, 1) << "step 2 is not recorded";
}

TEST_F(MetricsTest, EveryTruncationIsReadUpToItsLastCompleteLine) {
    {
        MetricsLog log(path, MetricsLog::Mode::start_new);
        for (int step = 1; step <= 3; ++step) log.write("step", {{"step", step}, {"loss", 0.5 / step}});
    }
    const std::string whole = read_text(path);
    for (size_t length = 0; length <= whole.size(); ++length) {
        const std::string part = whole.substr(0, length);
        write_text(path, part);
        EXPECT_EQ(read_metrics(path).size(), static_cast<size_t>(std::count(part.begin(), part.end(), '\n')));
    }
}

TEST_F(MetricsTest, BadLinesAreNamed) {
    const std::string good = "{\"event\":\"step\",\"step\":1}\n";
    EXPECT_EQ(read_error(good + "nonsense\n" + good), path + ", line 2: expected a JSON object");
    EXPECT_EQ(read_error("[1]\n"), path + ", line 1: expected a JSON object");
    EXPECT_EQ(read_error("\n"), path + ", line 1: expected a JSON object");
    EXPECT_EQ(read_error("{\"step\":1}\n"), path + ", line 1: expected an event");
    EXPECT_EQ(read_error("{\"event\":1}\n"), path + ", line 1: expected an event");
    EXPECT_EQ(read_error("{\"event\":\"x\",\"a\":null}\n"),
              path + ", line 1: expected numbers, truth values and texts");
    EXPECT_EQ(read_error("{\"event\":\"x\",\"a\":18446744073709551615}\n"),
              path + ", line 1: the number 18446744073709551615 is too large");
    EXPECT_EQ(message_of<UserError>([&] { truncate_metrics_after_step(path, 1, true); }),
              path + ", line 1: the number 18446744073709551615 is too large");
    const std::string missing = folder / "missing.jsonl";
    EXPECT_EQ(message_of<UserError>([&] { read_metrics(missing); }),
              "cannot read " + missing + ": No such file or directory");
}

TEST_F(MetricsTest, AFullDiskIsAnErrorThatNamesTheFile) {
    MetricsLog full("/dev/full", MetricsLog::Mode::append);
    EXPECT_EQ(message_of<Error>([&] {
                  full.write("step", {{"step", 1}});
              }),
              "cannot write /dev/full: No space left on device");

    // A line that only fits in part is cut off again when the run resumes.
    MetricsLog log(path, MetricsLog::Mode::start_new);
    log.write("step", {{"step", 1}});
    const std::string before = read_text(path);
    {
        const test::FileSizeLimit limit(before.size() + 10);
        EXPECT_TRUE(contains(message_of<Error>([&] { log.write("step", {{"step", 2}}); }), "cannot write " + path));
    }
    EXPECT_EQ(read_metrics(path).size(), 1u);
    truncate_metrics_after_step(path, 2, true);
    EXPECT_EQ(read_text(path), before);
}

TEST_F(MetricsTest, AFileThatCannotBeOpenedIsNamed) {
    EXPECT_EQ(message_of<UserError>([&] { MetricsLog log(folder.path(), MetricsLog::Mode::append); }),
              "cannot write " + folder.path() + ": Is a directory");
}

TEST_F(MetricsTest, ALineCostsLittle) {
    MetricsLog log(path, MetricsLog::Mode::start_new);
    constexpr int lines = 2000;
    const auto begin = std::chrono::steady_clock::now();
    for (int step = 1; step <= lines; ++step) {
        log.write("step", {{"step", step}, {"epoch", 1}, {"loss", 1.0 / step}, {"seconds", 0.01 * step}});
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    RecordProperty("microseconds_per_line", std::to_string(taken.count() / lines * 1e6));
    EXPECT_LT(taken.count() / lines, 1e-3) << "a training step takes some milliseconds";
}

}  // namespace
}  // namespace heed::metrics_log_test
