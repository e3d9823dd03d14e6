// ctest: processors 2
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"

namespace heed::test {
namespace {

using Words = std::vector<std::string>;

Words mpirun(int ranks) {
    return {"mpirun", "--oversubscribe", "-np", std::to_string(ranks)};
}

/// Trainings that mpirun starts.
class Ranks : public testing::Test {
protected:
    static void SetUpTestSuite() {
        ::signal(SIGINT, SIG_DFL);  // ignored in a shell's background jobs
        setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
        setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
        setenv("LSAN_OPTIONS", "detect_leaks=0", 1);  // Open MPI's are many
        tiny_ = new TinyTraining;
    }
    static void TearDownTestSuite() { delete tiny_; }

    void SetUp() override {
        if (!contains(tiny().run({"--version"}).output, "MPI              yes")) GTEST_SKIP() << "built without MPI";
        if (system("mpirun --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "there is no mpirun";
    }

    static const TinyTraining& tiny() { return *tiny_; }

    static ProgramResult run(int ranks, const Words& arguments) {
        return Program(tiny().folder.path(), arguments, mpirun(ranks)).wait();
    }
    static ProgramResult train(int ranks, const std::string& dir, const Words& more = {}) {
        return run(ranks, TinyTraining::train_arguments(dir, more));
    }

    /// The processes of the ranks, in their order, once the run has `steps` steps.
    static std::vector<pid_t> ranks_of(const Program& program, const std::string& dir, int64_t steps) {
        const std::string metrics = tiny().folder / (dir + "/metrics.jsonl");
        for (int i = 0; i < 20000; ++i) {
            const std::string text = std::filesystem::exists(metrics) ? read_text(metrics) : "";
            if (std::count(text.begin(), text.end(), '\n') > steps) break;
            std::this_thread::sleep_for(std::chrono::microseconds(500));
        }
        std::vector<pid_t> ranks;
        const std::string process = std::to_string(program.process());
        std::ifstream children("/proc/" + process + "/task/" + process + "/children");
        for (pid_t child = 0; children >> child;) ranks.push_back(child);
        return ranks;
    }

    /// Resumes with one process and expects what an undisturbed training has.
    static void expect_resumable(const std::string& dir) {
        ASSERT_EQ(tiny().train("whole").code, 0);
        const ProgramResult result = tiny().train(dir, {"--resume", "train.rank_timeout=60"});
        EXPECT_EQ(result.code, 0) << result.errors;
        expect_close(tiny().losses(dir), tiny().losses("whole"), 1e-4);
        std::filesystem::remove_all(tiny().folder / "whole");
    }

    static TinyTraining* tiny_;
};

TinyTraining* Ranks::tiny_ = nullptr;

TEST_F(Ranks, TrainAsOneProcessDoes) {
    const Words settings = {"train.accumulate=2", "train.clip=0.5", "train.ema=0.9", "train.watch_every=4",
                            "data.validation=0.3"};
    const ProgramResult one = tiny().train("one", settings);
    ASSERT_EQ(one.code, 0) << one.errors;
    for (const int ranks : {2, 3}) {
        const std::string dir = "ranks-" + std::to_string(ranks);
        const ProgramResult result = train(ranks, dir, settings);
        ASSERT_EQ(result.code, 0) << result.errors;
        EXPECT_TRUE(contains(result.errors, std::to_string(ranks) + " processes of 1 thread")) << result.errors;
        EXPECT_FALSE(contains(result.errors, "rank 1")) << result.errors;
        expect_close(tiny().losses(dir), tiny().losses("one"), 1e-4);
        expect_close(tiny().values(dir, "step", "gradient_norm"), tiny().values("one", "step", "gradient_norm"), 1e-3);
        EXPECT_EQ(tiny().values(dir, "step", "samples"), tiny().values("one", "step", "samples"));
        EXPECT_EQ(tiny().values(dir, "validation", "samples"), tiny().values("one", "validation", "samples"));
        expect_close(tiny().values(dir, "validation", "loss"), tiny().values("one", "validation", "loss"), 1e-4);
        expect_close(tiny().values(dir, "test", "loss"), tiny().values("one", "test", "loss"), 1e-4);
        EXPECT_EQ(tiny().events(dir, "watch").size(), 2u);
        for (const char* file : {"finished", "report.html", "recipe.yaml", "log.txt", "checkpoints/best.safetensors"}) {
            EXPECT_TRUE(tiny().exists(dir + "/" + file)) << file;
        }
        EXPECT_EQ(tiny().last_checkpoint(dir).size(), tiny().last_checkpoint("one").size());
    }
}

TEST_F(Ranks, GoOnWithTheRunOfAnotherNumberOfThem) {
    const Words half = {"train.epochs=1"}, rest = {"--resume", "train.epochs=2"};
    for (const auto& [before, after] : {std::pair(1, 2), std::pair(2, 1)}) {
        const std::string dir = "from-" + std::to_string(before);
        const auto run_with = [&](int ranks, const Words& more) {
            return ranks == 1 ? tiny().train(dir, more) : train(ranks, dir, more);
        };
        Words first = half, second = rest;
        for (Words* words : {&first, &second}) words->push_back("optimizer.schedule=constant");
        ASSERT_EQ(run_with(before, first).code, 0);
        const ProgramResult result = run_with(after, second);
        ASSERT_EQ(result.code, 0) << result.errors;
        EXPECT_EQ(tiny().losses(dir).size(), 18u);
    }
    expect_close(tiny().losses("from-1"), tiny().losses("from-2"), 1e-4);
}

TEST_F(Ranks, AllStopAfterTheSameStepWhenOneIsAskedTo) {
    Program program(tiny().folder.path(), TinyTraining::train_arguments("stopped", {"train.epochs=1000"}), mpirun(2));
    const std::vector<pid_t> ranks = ranks_of(program, "stopped", 20);
    ASSERT_EQ(ranks.size(), 2u) << program.errors();
    kill(ranks[1], SIGTERM);
    const ProgramResult result = program.wait();
    EXPECT_EQ(result.code, 128 + SIGTERM) << result.errors;
    EXPECT_TRUE(contains(result.errors, "go on with --resume")) << result.errors;
    ASSERT_EQ(tiny().events("stopped", "stopped").size(), 1u);
    const double step = tiny().events("stopped", "stopped")[0].number("step").value();
    EXPECT_EQ(static_cast<double>(tiny().losses("stopped").size()), step);
    EXPECT_TRUE(tiny().exists("stopped/checkpoints/last.safetensors"));
}

TEST_F(Ranks, OneThatIsStoppedEndsAllAndIsNamed) {
    const Words more = {"train.rank_timeout=0.7", "train.epochs=1000", "train.checkpoint_every=1"};
    Program program(tiny().folder.path(), TinyTraining::train_arguments("hanging", more), mpirun(2));
    const std::vector<pid_t> ranks = ranks_of(program, "hanging", 3);
    ASSERT_EQ(ranks.size(), 2u) << program.errors();
    kill(ranks[1], SIGSTOP);
    const auto start = std::chrono::steady_clock::now();
    const ProgramResult result = program.wait();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
    EXPECT_EQ(result.code, 1) << result.errors;
    EXPECT_TRUE(contains(result.errors, "heed: error: rank 1 (process " + std::to_string(ranks[1]))) << result.errors;
    EXPECT_TRUE(contains(result.errors, "which is stopped, has not come to the exchange of the ")) << result.errors;
    EXPECT_TRUE(contains(result.errors, "within the 0.7 s of train.rank_timeout")) << result.errors;
    EXPECT_TRUE(contains(tiny().file("hanging/log.txt"), "has not come to the exchange of"));
    const ProgramResult info = tiny().run({"info", "hanging"});
    EXPECT_EQ(info.code, 0) << "the checkpoint is intact: " << info.errors;
}

TEST_F(Ranks, OneThatIsKilledEndsAll) {
    const Words more = {"train.checkpoint_every=1", "train.epochs=1000"};
    Program program(tiny().folder.path(), TinyTraining::train_arguments("killed", more), mpirun(3));
    const std::vector<pid_t> ranks = ranks_of(program, "killed", 3);
    ASSERT_EQ(ranks.size(), 3u) << program.errors();
    kill(ranks[2], SIGKILL);
    const auto start = std::chrono::steady_clock::now();
    const ProgramResult result = program.wait();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
    EXPECT_NE(result.code, 0);
    EXPECT_TRUE(contains(result.errors, "rank 2")) << result.errors;
    EXPECT_EQ(tiny().run({"info", "killed"}).code, 0) << "the checkpoint is intact";
}

TEST_F(Ranks, AreRefusedWhatTheyDoNotShare) {
    const auto refused = [](const ProgramResult& result, const std::string& text) {
        EXPECT_EQ(result.code, 2) << result.errors;
        size_t count = 0;
        for (size_t at = result.errors.find("error: "); at != std::string::npos;
             at = result.errors.find("error: ", at + 1)) {
            ++count;
        }
        EXPECT_EQ(count, 1u) << result.errors;
        EXPECT_TRUE(contains(result.errors, text)) << result.errors;
    };
    refused(run(2, {"eval", "one"}), "expected heed train, the command that several processes share, got heed eval");
    refused(train(2, "new", {"train.stepz=3"}), "did you mean");
    refused(train(3, "new", {"data.batch=2"}), "expected data.batch of at least 3");
    write_tiny_images(tiny().folder / "other", {.train = 90, .test = 40, .height = 8, .width = 8, .classes = 4});
    const std::string heed = getenv("HEED_BINARY");
    const auto two = [&](const std::string& first, const std::string& second) {
        Words launcher = mpirun(1);
        for (const std::string& word :
             {heed, std::string("train"), std::string("tiny.yaml"), std::string("run.dir=new"), first, std::string(":"),
              std::string("-np"), std::string("1")}) {
            launcher.push_back(word);
        }
        return Program(tiny().folder.path(), {"train", "tiny.yaml", "run.dir=new", second}, launcher).wait();
    };
    refused(two("train.seed=4", "train.seed=5"), "train.seed is 4 on rank 0 and 5 on rank 1");
    refused(two("data.root=data", "data.root=other"), "the checksum of the test samples is ");
    EXPECT_FALSE(tiny().exists("new"));
}

TEST(RanksWithoutMpi, AreRefused) {
    const TinyTraining tiny;
    if (contains(tiny.run({"--version"}).output, "MPI              yes")) GTEST_SKIP() << "built with MPI";
    setenv("PMI_SIZE", "2", 1);
    expect_error(tiny.train("new"), 2, "was started as 2 processes: this build of heed has no MPI");
    unsetenv("PMI_SIZE");
    EXPECT_FALSE(tiny.exists("new"));
}

}  // namespace
}  // namespace heed::test
