#include "heed/trainers/record/run_record.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/record/metrics_reader.h"

namespace heed::run_record_test {
namespace {

using test::contains;
using test::read_text;

struct RunRecordTest : testing::Test {
    RunPaths paths() const { return RunPaths(folder.path()); }

    static StepResult step(int64_t number) {
        StepResult result;
        result.step = number;
        result.loss = 0.5;
        result.accuracy = 0.25;
        result.lr = 0.125;
        result.gradient_norm = 2.0;
        result.samples = 10;
        result.seconds = 0.5;
        result.data_wait = 0.25;
        return result;
    }

    static Evaluation evaluation() {
        Evaluation result;
        result.loss = 0.75;
        result.accuracy = 0.5;
        result.score = 0.5;
        result.count = 8;
        result.more = {{"f1", 0.625}};
        result.remarks = {"a remark"};
        return result;
    }

    test::TemporaryFolder folder;
};

TEST_F(RunRecordTest, OneEventStandsInMetricsCurvesAndLog) {
    {
        RunRecord record(paths(), true);
        record.begin();
        record.show_progress({2, 1, "images"});
        record.step(step(1));
        record.step(step(2));
        record.validation(2, 1, evaluation(), true);
        LossSums sums;
        sums.loss = 10.0;
        sums.correct = 5;
        sums.count = 20;
        record.end_epoch(sums);
        record.end_progress();
        const Evaluation result = evaluation();
        record.test({.step = 2, .weights = "best checkpoint", .unit = "images", .evaluation = result, .memory = {}});
    }
    const std::vector<MetricsRecord> records = read_metrics(paths().metrics());
    ASSERT_EQ(records.size(), 4u);
    EXPECT_EQ(records[1].event, "step");
    EXPECT_EQ(records[1].number("data_wait"), 0.25);
    EXPECT_EQ(records[2].event, "validation");
    EXPECT_EQ(records[2].number("f1"), 0.625);
    EXPECT_EQ(records[2].text("compared_by"), "accuracy");
    EXPECT_EQ(records[3].event, "test");
    EXPECT_EQ(records[3].integer("samples"), 8);
    const std::string curves = read_text(paths().events());
    for (const char* tag : {"train/loss", "train/lr", "validation/accuracy", "validation/f1", "test/loss"}) {
        EXPECT_TRUE(contains(curves, tag));
    }
    EXPECT_EQ(curves.find("seconds"), std::string::npos);
    const std::string log = read_text(paths().log());
    EXPECT_TRUE(contains(log,
                         "epoch 1/1  loss 0.5000, accuracy 25.00 %, waiting for data 50.00 %; validation loss "
                         "0.7500, accuracy 50.00 %  20 images/s"));
    EXPECT_TRUE(contains(log, "test: accuracy 50.00 %, loss 0.7500 (best checkpoint, 8 images)\na remark\n"));
}

TEST_F(RunRecordTest, GoingOnCutsMetricsAndCurvesBack) {
    {
        RunRecord record(paths(), true);
        record.begin();
        for (int64_t number = 1; number <= 3; ++number) record.step(step(number));
    }
    const auto size = std::filesystem::file_size(paths().events());
    RunRecord record(paths(), true);
    EXPECT_EQ(record.go_on(2, false), 2);
    EXPECT_EQ(read_metrics(paths().metrics()).size(), 2u);
    EXPECT_LT(std::filesystem::file_size(paths().events()), size);
    record.resumed(2, {.command = "heed train x", .versions = "heed 1"});
    EXPECT_EQ(read_metrics(paths().metrics()).back().text("versions"), "heed 1");
    EXPECT_EQ(read_metrics(paths().metrics()).back().text("command"), "heed train x");
}

TEST_F(RunRecordTest, EndsThatAreNoSuccessAreWrittenDown) {
    RunRecord record(paths(), false);
    record.begin();
    record.started({.command = "heed train x"}, "images", {.steps = 18, .attention_parameters = 7});
    record.stopped(3, "SIGINT");
    record.diverged(4, "no number");
    const std::vector<MetricsRecord> records = read_metrics(paths().metrics());
    ASSERT_EQ(records.size(), 3u);
    EXPECT_EQ(records[0].integer("step"), 0);
    EXPECT_EQ(records[0].text("unit"), "images");
    EXPECT_EQ(records[0].integer("steps"), 18);
    EXPECT_EQ(records[0].integer("attention_parameters"), 7);
    EXPECT_EQ(records[1].text("signal"), "SIGINT");
    EXPECT_EQ(records[2].integer("step"), 4);
    EXPECT_EQ(records[2].text("reason"), "no number");
}

TEST_F(RunRecordTest, TheTestOfAnUnfinishedRunIsMadeAgainAndThatOfAFinishedOneStays) {
    const Evaluation result = evaluation();
    const TestResult test{
        .step = 1, .weights = "best checkpoint", .unit = "images", .evaluation = result, .memory = {}};
    const auto tests = [&] {
        const std::string curves = read_text(paths().events());
        size_t in_curves = 0;
        for (size_t at = 0; (at = curves.find("test/loss", at)) != std::string::npos; ++at) ++in_curves;
        size_t in_metrics = 0;
        for (const MetricsRecord& each : read_metrics(paths().metrics())) in_metrics += each.event == "test" ? 1 : 0;
        EXPECT_EQ(in_curves, in_metrics);
        return in_metrics;
    };
    {
        RunRecord record(paths(), true);
        record.begin();
        record.step(step(1));
        record.test(test);
    }
    EXPECT_EQ(tests(), 1u);
    { RunRecord(paths(), true).go_on(1, true); }
    EXPECT_EQ(tests(), 1u);
    {
        RunRecord record(paths(), true);
        EXPECT_EQ(record.go_on(1, false), 1);
        EXPECT_EQ(tests(), 0u);
        record.test(test);
        record.stopped(1, "SIGHUP");  // while the report was made
    }
    {
        RunRecord record(paths(), true);
        EXPECT_EQ(record.go_on(1, false), 1);
        EXPECT_EQ(tests(), 0u);
        record.test(test);
        record.resumed(1, {"heed train x", "abc", "heed 1"});  // of the run, finished in between
        record.step(step(2));
    }
    { RunRecord(paths(), true).go_on(1, false); }
    EXPECT_EQ(tests(), 1u) << "what was finished stays when a longer training is killed";
}

TEST_F(RunRecordTest, WithoutTensorBoardThereIsNoEventFile) {
    RunRecord record(paths(), false);
    record.begin();
    record.step(step(1));
    EXPECT_FALSE(std::filesystem::exists(paths().events()));
}

}  // namespace
}  // namespace heed::run_record_test
