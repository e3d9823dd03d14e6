#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "heed/tests/e2e/program.h"
#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::report_test {
namespace {

namespace fs = std::filesystem;

/// The page of runs in every state, from their folders alone.
class ReportCommandTest : public testing::Test {
protected:
    static void SetUpTestSuite() {
        tiny_ = new TinyTraining;
        ASSERT_EQ(tiny().train("done").code, 0);
    }
    static void TearDownTestSuite() { delete tiny_; }
    static const TinyTraining& tiny() { return *tiny_; }

    /// Calls the command, which has to succeed, and returns the page.
    static std::string page_of(const std::string& dir, std::string* output = nullptr) {
        const ProgramResult result = tiny().run({"report", dir});
        EXPECT_EQ(result.code, 0) << result.errors;
        if (output) *output = result.output;
        return tiny().file(dir + "/report.html");
    }

    static bool wait_for_step(const std::string& dir, int64_t step) {
        const std::string metrics = tiny().folder / (dir + "/metrics.jsonl");
        for (int i = 0; i < 20000; ++i) {
            if (fs::exists(metrics) && contains(read_text(metrics), "\"step\":" + std::to_string(step) + ","))
                return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return false;
    }

    static TinyTraining* tiny_;
};

TinyTraining* ReportCommandTest::tiny_ = nullptr;

std::string section(const std::string& page, const std::string& id) {
    const size_t begin = page.find("<section id=\"" + id + "\"");
    return begin == std::string::npos ? "" : page.substr(begin, page.find("</section>", begin) - begin);
}

TEST_F(ReportCommandTest, AFinishedRunHasThePageOfItsTraining) {
    const std::string before = tiny().file("done/report.html");
    fs::remove(tiny().folder / "done/report.html");
    const std::string after = page_of("done");
    for (const char* id :
         {"curves", "resources", "confusion", "mistakes", "attention", "training-images", "provenance"}) {
        EXPECT_NE(section(before, id), "") << id;
        EXPECT_EQ(section(after, id), section(before, id)) << id;
    }
    const auto result = [](const std::string& page) {
        const size_t begin = page.find("<p class=\"result\">");
        return page.substr(begin, page.find("</p>", begin) - begin);
    };
    EXPECT_EQ(result(after), result(before));
    EXPECT_TRUE(contains(before, "<dt>In a step</dt><dd>10 images</dd>"));
    EXPECT_TRUE(contains(after, "<dt>In a step</dt><dd>10 images</dd>"));
    EXPECT_EQ(after.find("class=\"end\""), std::string::npos);
    EXPECT_TRUE(contains(section(after, "provenance"), "heed train tiny.yaml"));
    EXPECT_TRUE(contains(section(after, "provenance"), "<td>model.dim</td>"));
    EXPECT_EQ(after.find(tiny().folder.path()), std::string::npos) << "it tells where things lie";
}

TEST_F(ReportCommandTest, WithoutDataThePageSaysWhatIsLeftOut) {
    ASSERT_EQ(tiny().train("no_data").code, 0);
    fs::rename(tiny().folder / "data", tiny().folder / "away");
    std::string output;
    const std::string page = page_of("no_data", &output);
    fs::rename(tiny().folder / "away", tiny().folder / "data");
    EXPECT_TRUE(contains(output, "The data cannot be used"));
    EXPECT_TRUE(contains(page, "The data cannot be used"));
    EXPECT_TRUE(contains(page, "<dt>Parameters</dt>"));
    EXPECT_NE(section(page, "curves"), "");
    EXPECT_EQ(section(page, "confusion"), "");
    EXPECT_TRUE(contains(page, "test accuracy")) << "which the metrics know";
}

TEST_F(ReportCommandTest, ARunThatGoesOnIsStoppedAndIsKilled) {
    for (const int signal : {SIGINT, SIGKILL}) {
        const std::string dir = "signal" + std::to_string(signal);
        Program program(tiny().folder.path(), TinyTraining::train_arguments(dir, {"train.epochs=100000"}));
        ASSERT_TRUE(wait_for_step(dir, 20)) << program.errors();
        const std::string running = page_of(dir);
        EXPECT_TRUE(contains(running, "The run is going on; this page was written after step "));
        EXPECT_TRUE(contains(running, "Test data are looked at when a run has come to its end"));
        EXPECT_TRUE(contains(running, "<dt>Parameters</dt>"));
        EXPECT_TRUE(contains(running, "<dt>In a step</dt><dd>10 images</dd>"));
        EXPECT_EQ(section(running, "confusion"), "");
        program.send(signal);
        program.wait();
        const std::string page = page_of(dir);
        EXPECT_TRUE(contains(page, signal == SIGINT ? "Stopped by SIGINT after step " : "without a word"));
    }
}

TEST_F(ReportCommandTest, ARunThatDivergedSaysWhere) {
    const std::vector<std::string> settings = {"optimizer.type=sgd", "optimizer.lr=1e6", "optimizer.schedule=constant",
                                               "optimizer.warmup=9", "train.clip=0"};
    EXPECT_EQ(tiny().train("diverged", settings).code, 1);
    std::string output;
    const std::string page = page_of("diverged", &output);
    EXPECT_TRUE(contains(output, "Diverged at step "));
    EXPECT_TRUE(contains(page, "Diverged at step "));
    EXPECT_TRUE(contains(page, "No checkpoint is saved yet"));
    EXPECT_TRUE(contains(page, "<dt>Attention</dt><dd>sdpa</dd>"));
    EXPECT_TRUE(contains(page, "<dt>In a step</dt><dd>10 images</dd>"));
}

TEST_F(ReportCommandTest, RefusesWhatIsNoRun) {
    expect_error(tiny().run({"report", "doen"}), 2,
                 "expected a run folder, got doen, which is none (did you mean done?)");
    expect_error(tiny().run({"report", "done", "model.dim=8"}), 2, "takes no other settings than data.root");
    expect_error(tiny().run({"report"}), 2, "heed report: run is required");
    const std::string page = page_of("done");
    expect_error(tiny().run({"report", "done", "precision=tf32"}), 2, "tf32 goes with device=cuda");
    EXPECT_EQ(page, tiny().file("done/report.html")) << "it is not written without the device";
}

}  // namespace
}  // namespace heed::test::report_test
