#include "heed/trainers/run/training_run.h"

#include <gtest/gtest.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>

#include "heed/core/cpu/signal_shield.h"
#include "heed/core/error.h"
#include "heed/core/files/safetensors.h"
#include "heed/core/parallel.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/record/metrics_reader.h"
#include "heed/trainers/run/trained_model.h"

namespace heed::training_run_test {
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
    std::vector<std::string> expected = {"start"};
    expected.insert(expected.end(), epoch.begin(), epoch.end());
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

TEST_F(TrainingRun, ValidationByStepsAndPatienceCountsIt) {
    train({"train.eval_steps=3", "train.epochs=3"});
    std::vector<double> at;
    for (const MetricsRecord& record : read_metrics(folder / "run/metrics.jsonl")) {
        if (record.event == "validation") at.push_back(*record.number("step"));
    }
    EXPECT_EQ(at, (std::vector<double>{3, 6, 9, 12})) << "4 steps an epoch: in the midst of epochs, and the last";
    const std::string log = test::read_text(folder / "run/log.txt");
    EXPECT_TRUE(contains(log, "\nstep 3  validation loss "));
    EXPECT_TRUE(contains(log, "epoch 3/3  loss"));
    fs::remove_all(folder / "run");
    // Nothing becomes better with a rate that is next to nothing.
    train({"train.eval_steps=1", "train.epochs=5", "train.patience=3", "optimizer.lr=1e-12"});
    EXPECT_EQ(read_metrics(folder / "run/metrics.jsonl").back().event, "test");
    int validations = 0;
    for (const MetricsRecord& record : read_metrics(folder / "run/metrics.jsonl")) {
        validations += record.event == "validation" ? 1 : 0;
    }
    EXPECT_EQ(validations, 4);
    EXPECT_TRUE(contains(message_of<UserError>([&] { train({"train.eval_every=0"}); }),
                         "train.eval_every or train.eval_steps must be above 0"));
}

TEST_F(TrainingRun, SeveralBestModelsAreKeptAndAveraged) {
    const std::vector<std::string> settings = {"train.eval_steps=1", "train.epochs=3", "train.keep_best=3",
                                               "train.average_best=true", "optimizer.lr=0.01"};
    EXPECT_EQ(train(settings), TrainOutcome::finished);
    std::vector<std::pair<double, int64_t>> validations;  // the best first, of equal ones the earlier
    std::optional<MetricsRecord> average;
    double tested_step = 0;
    for (const MetricsRecord& record : read_metrics(folder / "run/metrics.jsonl")) {
        if (record.event == "validation") validations.emplace_back(-*record.number("score"), *record.integer("step"));
        if (record.event == "average") average = record;
        if (record.event == "test") tested_step = *record.number("step");
    }
    std::sort(validations.begin(), validations.end());
    ASSERT_EQ(validations.size(), 12u);
    std::vector<std::vector<float>> weights;
    for (size_t i = 0; i < validations.size(); ++i) {
        const std::string file =
            folder / ("run/checkpoints/step-" + std::to_string(validations[i].second) + ".safetensors");
        EXPECT_EQ(fs::exists(file), i < 3) << file;
        if (i >= 3) continue;
        const SafetensorsFile stored(file);
        for (const StoredTensor& tensor : stored.tensors()) EXPECT_FALSE(tensor.name.starts_with("optimizer."));
        const StoredTensor& head = stored.at("head.weight");
        std::vector<float> values(head.bytes.size() / sizeof(float));
        std::memcpy(values.data(), head.bytes.data(), head.bytes.size());
        weights.push_back(values);
    }
    ASSERT_TRUE(average.has_value());
    EXPECT_EQ(average->integer("models"), 3);
    const bool better = *average->number("score") > -validations.front().first;
    EXPECT_EQ(fs::exists(folder / "run/checkpoints/average.safetensors"), better);
    EXPECT_EQ(tested_step, better ? 12 : static_cast<double>(validations.front().second));
    if (better) {
        const SafetensorsFile stored(folder / "run/checkpoints/average.safetensors");
        const StoredTensor& head = stored.at("head.weight");
        std::vector<float> values(head.bytes.size() / sizeof(float));
        std::memcpy(values.data(), head.bytes.data(), head.bytes.size());
        for (size_t i = 0; i < values.size(); ++i) {
            EXPECT_EQ(values[i],
                      static_cast<float>((static_cast<double>(weights[0][i]) + weights[1][i] + weights[2][i]) / 3));
        }
    }
    EXPECT_TRUE(contains(message_of<UserError>([&] { train({"train.average_best=true"}); }),
                         "train.average_best needs train.keep_best above 1"));
}

TEST_F(TrainingRun, WeightsAloneAreForUseAndNotToGoOnFrom) {
    train({"run.weights_only=true"});
    const std::string best = folder / "run/checkpoints/best.safetensors";
    const std::string last = folder / "run/checkpoints/last.safetensors";
    EXPECT_LT(fs::file_size(best), fs::file_size(last) / 2);
    Context context("cpu");
    EXPECT_GT(TrainedModel::load(context, best, {}).step, 0);
    EXPECT_EQ(train({"init=" + best, "run.dir=" + (folder / "next")}), TrainOutcome::finished);
    fs::copy_file(best, last, fs::copy_options::overwrite_existing);
    EXPECT_TRUE(contains(message_of<UserError>([&] { train({"train.epochs=3"}, true); }),
                         "holds weights alone (run.weights_only), without the state of a training"));
}

TEST_F(TrainingRun, ARateOfZeroAtEveryStepIsRefused) {
    for (const std::vector<std::string>& nothing : {std::vector<std::string>{"train.steps=1"},
                                                    {"optimizer.lr=0"},
                                                    {"train.steps=1", "optimizer.schedule=linear"}}) {
        EXPECT_TRUE(contains(message_of<UserError>([&] { train(nothing); }),
                             "has a learning rate of 0 at every step, so that nothing would be trained"));
        EXPECT_FALSE(fs::exists(folder / "run"));
    }
    EXPECT_EQ(train({"train.steps=1", "optimizer.schedule=constant"}), TrainOutcome::finished);
    fs::remove_all(folder / "run");
    EXPECT_EQ(train({"optimizer.warmup=500"}), TrainOutcome::finished);
    EXPECT_TRUE(contains(test::read_text(folder / "run/log.txt"),
                         "warning: optimizer.warmup of 500 steps is longer than the training of 8"));
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
}  // namespace heed::training_run_test
