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
#include "heed/tests/support/number_words.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::ranks_test {
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

    static TinyTraining* tiny_;
};

TinyTraining* Ranks::tiny_ = nullptr;

TEST_F(Ranks, TrainAsOneProcessDoes) {
    const Words settings = {"train.accumulate=2", "train.clip=0.5", "train.ema=0.9", "train.watch_every=4",
                            "data.validation=0.3"};
    const ProgramResult one = tiny().train("one", settings);
    ASSERT_EQ(one.code, 0) << one.errors;
    const std::string dir = "three";
    const ProgramResult result = train(3, dir, settings);
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "3 processes of 1 thread")) << result.errors;
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

TEST_F(Ranks, GiveTheBitsOfOneProcessWithExactSumsAlsoWhereTheRunChangesTheirNumber) {
    const Words exact = {"train.exact_reduce=4", "data.validation=0.3", "optimizer.schedule=constant"};
    const auto with = [&](const Words& more) {
        Words all = exact;
        all.insert(all.end(), more.begin(), more.end());
        return all;
    };
    ASSERT_EQ(tiny().train("exact-1", with({})).code, 0);
    ASSERT_EQ(train(2, "exact-2", with({})).code, 0);
    ASSERT_EQ(tiny().train("exact-mixed", with({"train.epochs=1"})).code, 0);
    const ProgramResult mixed = train(4, "exact-mixed", with({"--resume"}));
    ASSERT_EQ(mixed.code, 0) << mixed.errors;
    for (const std::string dir : {"exact-2", "exact-mixed"}) {
        EXPECT_EQ(tiny().last_checkpoint(dir), tiny().last_checkpoint("exact-1")) << dir;
        EXPECT_EQ(tiny().losses(dir), tiny().losses("exact-1")) << dir;
        for (const char* field : {"loss", "accuracy", "f1", "score"}) {
            EXPECT_EQ(tiny().values(dir, "validation", field), tiny().values("exact-1", "validation", field)) << dir;
        }
        EXPECT_EQ(tiny().values(dir, "test", "loss").back(), tiny().values("exact-1", "test", "loss")[0]) << dir;
    }
}

TEST_F(Ranks, ShareTranslatingAndMergeBleuAndChrf) {
    std::string pairs;
    for (int number = 0; number < 300; ++number) {
        pairs += english_number(number) + "\t" + spanish_number(number) + "\n";
    }
    write_text(tiny().folder / "pairs.tsv", pairs);
    write_text(tiny().folder / "numbers.yaml",
               "model: {type: translator, dim: 16, encoder_depth: 1, decoder_depth: 1, heads: 2, mlp_dim: 32}\n"
               "data: {name: parallel_files, pair_files: [pairs.tsv], root: '', tokens: 128, length: 8,\n"
               "       validation: 70, test: 150, split_seed: 1}\n"
               "tokenizer: {type: word, vocabulary: 100}\n"
               "train: {steps: 30, seed: 3, label_smoothing: 0.1, exact_reduce: 2}\n"
               "optimizer: {type: adamw, lr: 3e-2, schedule: constant}\n"
               "threads: 1\n");
    ASSERT_EQ(tiny().run({"train", "numbers.yaml", "run.dir=alone"}).code, 0);
    const ProgramResult result = run(2, {"train", "numbers.yaml", "run.dir=shared"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_EQ(tiny().last_checkpoint("shared"), tiny().last_checkpoint("alone"));
    for (const char* field : {"loss", "accuracy", "perplexity", "smoothed_perplexity", "bleu", "chrf"}) {
        EXPECT_EQ(tiny().values("shared", "test", field), tiny().values("alone", "test", field)) << field;
    }
    EXPECT_GT(tiny().values("alone", "test", "chrf")[0], 0);
}

TEST_F(Ranks, KeepShardsOfTheOptimizerAndSaveItWhole) {
    const Words settings = {"train.shard_optimizer=true", "train.epochs=1", "optimizer.schedule=constant"};
    ASSERT_EQ(train(2, "shards", settings).code, 0);
    ASSERT_EQ(tiny().train("no-shards", {"train.epochs=1", "optimizer.schedule=constant"}).code, 0);
    // The same tensors; the settings and times in the header differ in a few characters.
    EXPECT_NEAR(static_cast<double>(tiny().last_checkpoint("shards").size()),
                static_cast<double>(tiny().last_checkpoint("no-shards").size()), 100);
    for (const int ranks : {1, 2}) {
        const Words more = {"--resume", "train.epochs=" + std::to_string(ranks + 1), "optimizer.schedule=constant"};
        const ProgramResult result = ranks == 1 ? tiny().train("shards", more) : train(2, "shards", more);
        ASSERT_EQ(result.code, 0) << result.errors;
    }
    ASSERT_EQ(tiny().train("no-shards", {"--resume", "train.epochs=3", "optimizer.schedule=constant"}).code, 0);
    expect_close(tiny().losses("shards"), tiny().losses("no-shards"), 1e-4);
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
    Program program(tiny().folder.path(), TinyTraining::train_arguments("killed", more), mpirun(2));
    const std::vector<pid_t> ranks = ranks_of(program, "killed", 3);
    ASSERT_EQ(ranks.size(), 2u) << program.errors();
    kill(ranks[1], SIGKILL);
    const auto start = std::chrono::steady_clock::now();
    const ProgramResult result = program.wait();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
    EXPECT_NE(result.code, 0);
    EXPECT_TRUE(contains(result.errors, "rank 1")) << result.errors;
    EXPECT_EQ(tiny().run({"info", "killed"}).code, 0) << "the checkpoint is intact";
}

TEST_F(Ranks, HearOfAnErrorThatOneOfThemHas) {
    const Words more = {"train.checkpoint_every=1", "train.epochs=1000"};
    Program program(tiny().folder.path(), TinyTraining::train_arguments("failing", more), mpirun(2));
    ranks_of(program, "failing", 3);
    std::filesystem::rename(tiny().folder / "failing/checkpoints", tiny().folder / "failing/elsewhere");
    const ProgramResult result = program.wait();
    EXPECT_NE(result.code, 0);
    EXPECT_TRUE(contains(result.errors, "heed: error: cannot write failing/checkpoints/")) << result.errors;
    EXPECT_FALSE(contains(result.errors, "rank 1")) << "it has nothing to tell: " << result.errors;
    EXPECT_TRUE(contains(tiny().file("failing/log.txt"), "cannot write failing/checkpoints/"));
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
    refused(train(3, "new", {"data.batch=2"}), "expected data.batch of at least 3");
    write_tiny_images(tiny().folder / "other", {.train = 90, .test = 40, .height = 8, .width = 8, .classes = 4});
    const std::string heed = getenv("HEED_BINARY");
    const auto two = [&](const std::string& first, const std::string& second, const std::string& both = "threads=1") {
        Words launcher = mpirun(1);
        for (const std::string& word :
             {heed, std::string("train"), std::string("tiny.yaml"), std::string("run.dir=new"), both, first,
              std::string(":"), std::string("-np"), std::string("1")}) {
            launcher.push_back(word);
        }
        return Program(tiny().folder.path(), {"train", "tiny.yaml", "run.dir=new", both, second}, launcher).wait();
    };
    refused(two("train.seed=4", "train.seed=5"), "train.seed is 4 on rank 0 and 5 on rank 1");
    refused(two("data.root=data", "data.root=other"), "the checksum of the test samples is ");
    refused(two("threads=1", "threads=2", "train.exact_reduce=2"),
            "the number of threads is 1 on rank 0 and 2 on rank 1");
    EXPECT_FALSE(tiny().exists("new"));
    Words launcher = mpirun(1);
    for (const char* word : {heed.c_str(), "train", "tiny.yaml", "run.dir=other", ":", "-np", "1"}) {
        launcher.emplace_back(word);
    }
    const ProgramResult other = Program(tiny().folder.path(), {"check", "tiny.yaml"}, launcher).wait();
    EXPECT_EQ(2, other.code);
    EXPECT_TRUE(contains(other.errors, "heed: rank 1: error: expected heed train, the command that several processes"));
}

TEST_F(Ranks, OneOfThemTellsWhatIsAsked) {
    const ProgramResult help = run(2, {"train", "--help"}), version = run(2, {"--version"});
    EXPECT_EQ(0, help.code) << help.errors;
    EXPECT_EQ(tiny().run({"train", "--help"}).output, help.output);
    EXPECT_EQ(tiny().run({"--version"}).output.substr(0, 20), version.output.substr(0, 20));
    EXPECT_EQ(version.output.find("commit"), version.output.rfind("commit")) << version.output;
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
}  // namespace heed::test::ranks_test
