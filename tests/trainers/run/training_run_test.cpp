#include "heed/trainers/run/training_run.h"

#include <gtest/gtest.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include "heed/core/cpu/signal_shield.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/record/metrics_reader.h"

namespace heed {
namespace {

namespace fs = std::filesystem;
using test::contains;
using test::message_of;
using test::write_text;

struct TrainingRun : testing::Test {
    TrainingRun() {
        test::write_tiny_images(folder / "data", {.train = 40, .test = 10, .height = 8, .width = 8, .classes = 4});
        write_text(folder / "tiny.yaml",
                   "model: {type: vit, dim: 8, depth: 1, heads: 2, mlp_dim: 8, patch: 4}\n"
                   "data: {name: idx, root: " +
                       (folder / "data") +
                       ", classes: 4, batch: 9}\n"
                       "train: {epochs: 2}\n"
                       "threads: 1\n"
                       "run: {dir: " +
                       (folder / "run") + "}\n");
    }

    TrainOutcome train(const std::vector<std::string>& overrides, bool resume = false) const {
        return heed::train({folder / "tiny.yaml", overrides, resume}).outcome;
    }

    std::vector<std::string> events() const {
        std::vector<std::string> names;
        for (const MetricsRecord& record : read_metrics(folder / "run/metrics.jsonl")) names.push_back(record.event);
        return names;
    }

    test::TemporaryFolder folder;
};

TEST_F(TrainingRun, OutcomesOfATraining) {
    EXPECT_EQ(train({}), TrainOutcome::finished);
    EXPECT_EQ(thread_count(), 1);
    EXPECT_EQ(train({}, true), TrainOutcome::already_finished);
    EXPECT_EQ(train({"train.epochs=3"}, true), TrainOutcome::finished);
    EXPECT_TRUE(contains(message_of<UserError>([&] { train({}); }), "it holds a finished run"));
}

TEST_F(TrainingRun, EventsComeInTheirOrder) {
    train({});
    const std::vector<std::string> epoch = {"step", "step", "step", "step", "validation"};
    std::vector<std::string> expected = epoch;
    expected.insert(expected.end(), epoch.begin(), epoch.end());
    expected.push_back("test");
    EXPECT_EQ(events(), expected);
}

TEST_F(TrainingRun, ValidationIsAskedFor) {
    train({"train.eval_every=2", "train.epochs=3"});
    std::vector<double> at;
    for (const MetricsRecord& record : read_metrics(folder / "run/metrics.jsonl")) {
        if (record.event == "validation") at.push_back(*record.number("epoch"));
    }
    EXPECT_EQ(at, (std::vector<double>{2, 3})) << "every second epoch and the last";
}

TEST_F(TrainingRun, WithoutValidationTheLastWeightsAreTested) {
    EXPECT_EQ(train({"data.validation=0"}), TrainOutcome::finished);
    EXPECT_FALSE(fs::exists(folder / "run/checkpoints/best.safetensors"));
    const auto records = read_metrics(folder / "run/metrics.jsonl");
    EXPECT_EQ(records.back().event, "test");
    EXPECT_EQ(records.back().number("step"), 10);
}

TEST_F(TrainingRun, WrongInputLeavesNoFolder) {
    for (const char* wrong : {"model.patch=3", "data.root=nowhere", "data.classes=2", "init=none.safetensors",
                              "model.heads=5", "data.mean=[1, 2]"}) {
        if (message_of<UserError>([&] { train({wrong}); }) == "(nothing thrown)") {
            ADD_FAILURE() << wrong << " was taken";
        }
        EXPECT_FALSE(fs::exists(folder / "run")) << wrong;
        fs::remove_all(folder / "run");
    }
}

TEST_F(TrainingRun, OtherDataAreNotGoneOnWith) {
    train({});
    test::write_tiny_images(folder / "data", {.train = 60, .test = 10, .height = 8, .width = 8, .classes = 4});
    EXPECT_TRUE(contains(message_of<UserError>([&] { train({"train.epochs=3"}, true); }),
                         "data in " + (folder / "data") + " are not those that the training was begun with"));
    EXPECT_TRUE(fs::exists(folder / "run/finished"));
}

TEST(RunsFolder, IsNamedAfterTheRecipe) {
    const auto folder_of = [](const std::string& path, const std::vector<std::string>& overrides = {}) {
        return runs_folder(parse_recipe(recipe_spec(), "model: {type: vit}\ndata: {name: mnist}\n", path, overrides));
    };
    EXPECT_EQ(folder_of("recipes/mnist/vit.yaml"), "runs/mnist-vit");
    EXPECT_EQ(folder_of("recipes/vit.yaml"), "runs/vit");
    EXPECT_EQ(folder_of("/vit.yaml"), "runs/vit");
    EXPECT_EQ(folder_of("recipes/mnist/vit.yaml", {"run.name=first"}), "runs/first");
    for (const char* name : {"run.name=../../elsewhere", "run.name=..", "run.name=/tmp"}) {
        EXPECT_TRUE(contains(message_of<UserError>([&] { folder_of("recipes/mnist/vit.yaml", {name}); }), "run.name"));
    }
}

/// In a program of somebody's, which has its own threads.
TEST_F(TrainingRun, ASignalInterruptsATrainingThatALibraryUserStarted) {
    const std::string metrics = folder / "run/metrics.jsonl";
    std::thread sender([&] {
        SignalShield::keep_on_this_thread();  // it must not get the signal itself
        for (int i = 0; i < 20000 && (!fs::exists(metrics) || fs::file_size(metrics) == 0); ++i) usleep(500);
        kill(getpid(), SIGTERM);
    });
    const TrainEnd end = heed::train({folder / "tiny.yaml", {"train.epochs=100000"}, false});
    sender.join();
    EXPECT_EQ(end.outcome, TrainOutcome::interrupted);
    EXPECT_EQ(end.signal, SIGTERM);
}

/// Of a profiler, say: a handler without a stack of its own, called every 100 us on any thread that lets it.
struct ManySignals {
    ManySignals() {
        struct sigaction action = {};
        action.sa_handler = [](int) { ++handled; };
        action.sa_flags = SA_RESTART;
        sigaction(SIGALRM, &action, &former_);
        set(100);
    }
    ~ManySignals() {
        set(0);
        sigaction(SIGALRM, &former_, nullptr);
    }
    static void set(int microseconds) {
        const itimerval interval = {{0, microseconds}, {0, microseconds}};
        setitimer(ITIMER_REAL, &interval, nullptr);
    }

    static inline std::atomic<int> handled{0};

private:
    struct sigaction former_ = {};
};

TEST_F(TrainingRun, ThousandsOfSignalsDoNoHarm) {
    const std::vector<std::string> wide = {"model.dim=256", "model.mlp_dim=512", "model.depth=2", "train.epochs=20",
                                           "threads=2"};
    train(wide);
    const std::string file = folder / "run/checkpoints/last.safetensors";
    const std::string undisturbed = test::read_text(file);
    fs::remove_all(folder / "run");
    {
        const ManySignals signals;
        train(wide);
    }
    EXPECT_GT(ManySignals::handled, 500);
    EXPECT_TRUE(test::read_text(file) == undisturbed);
}

}  // namespace
}  // namespace heed
