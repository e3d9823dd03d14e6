#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <numeric>
#include <thread>

#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::resume_test {
namespace {

/// Long enough to be met in its middle: 270 steps, saved every third.
const std::vector<std::string> long_training = {"train.epochs=30", "train.checkpoint_every=3"};

std::vector<std::string> and_resume(std::vector<std::string> settings) {
    settings.push_back("--resume");
    return settings;
}

int64_t lines_of(const std::string& path) {
    if (!std::filesystem::exists(path)) return 0;
    const std::string text = read_text(path);
    return std::count(text.begin(), text.end(), '\n');
}

/// Returns when the file has that many lines; false after ten seconds.
bool wait_for_lines(const std::string& path, int64_t lines) {
    for (int i = 0; i < 20000; i++) {
        if (lines_of(path) >= lines) return true;
        std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
    return false;
}

class Resume : public testing::Test {
protected:
    static void SetUpTestSuite() { tiny_ = new TinyTraining; }
    static void TearDownTestSuite() { delete tiny_; }

    static const TinyTraining& tiny() { return *tiny_; }

    /// The run that nothing disturbed.
    static const std::string& whole() {
        static const std::string dir = "whole";
        if (!tiny().exists(dir) && tiny().train(dir, long_training).code != 0) ADD_FAILURE() << "it does not train";
        return dir;
    }

    /// Starts or resumes a run, sends a signal once it has `steps` more lines of metrics, and returns how it ended.
    static ProgramResult disturb(const std::string& dir, const std::vector<std::string>& settings, int64_t steps,
                                 int signal) {
        const std::string metrics = tiny().folder / (dir + "/metrics.jsonl");
        std::filesystem::create_directories(tiny().folder / dir);
        Program program(tiny().folder.path(), TinyTraining::train_arguments(dir, and_resume(settings)));
        EXPECT_TRUE(wait_for_lines(metrics, lines_of(metrics) + steps)) << program.errors();
        program.send(signal);
        return program.wait();
    }

    /// Expects the run to be the same as one that was never disturbed.
    static void expect_same_run(const std::string& dir, const std::string& undisturbed) {
        EXPECT_EQ(tiny().last_checkpoint(dir), tiny().last_checkpoint(undisturbed));
        EXPECT_EQ(tiny().file(dir + "/checkpoints/best.safetensors"),
                  tiny().file(undisturbed + "/checkpoints/best.safetensors"));
        for (const char* event : {"step", "validation", "test"}) {
            for (const char* field : {"step", "loss", "accuracy"}) {
                EXPECT_EQ(tiny().values(dir, event, field), tiny().values(undisturbed, event, field)) << event;
            }
        }
        EXPECT_TRUE(tiny().exists(dir + "/report.html"));
        EXPECT_TRUE(tiny().exists(dir + "/finished"));
        for (const auto& entry : std::filesystem::recursive_directory_iterator(tiny().folder / dir)) {
            EXPECT_EQ(entry.path().string().find("heed-tmp"), std::string::npos) << entry.path();
        }
    }

    static TinyTraining* tiny_;
};

TinyTraining* Resume::tiny_ = nullptr;

TEST_F(Resume, AfterKillsTheBitsAreTheSame) {
    int kills = 0;
    for (const int64_t steps : {1, 17, 40, 9, 61}) {
        kills += disturb("killed", long_training, steps, SIGKILL).signal == SIGKILL ? 1 : 0;
    }
    EXPECT_EQ(kills, 5) << "the training ended before it was killed";
    EXPECT_FALSE(tiny().exists("killed/finished"));
    const ProgramResult result = tiny().train("killed", and_resume(long_training));
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "resuming killed after step "));
    std::vector<double> steps(270);
    std::iota(steps.begin(), steps.end(), 1.0);
    EXPECT_EQ(tiny().values("killed", "step", "step"), steps) << "no step is missing and none is there twice";
    expect_same_run("killed", whole());
}

TEST_F(Resume, WithMomentumAccumulationAndBoundsInTheMiddleOfEpochs) {
    const std::vector<std::string> settings = {
        "optimizer.type=sgd", "optimizer.lr=0.05",        "train.accumulate=3",       "data.batch=7",
        "train.steps=83",     "train.checkpoint_every=4", "attention.type=optimised", "attention.dropout=0.1"};
    ASSERT_EQ(tiny().train("momentum", settings).code, 0);
    EXPECT_EQ(disturb("momentum-killed", settings, 11, SIGKILL).signal, SIGKILL);
    EXPECT_EQ(disturb("momentum-killed", settings, 20, SIGKILL).signal, SIGKILL);
    ASSERT_EQ(tiny().train("momentum-killed", and_resume(settings)).code, 0);
    expect_same_run("momentum-killed", "momentum");
}

TEST_F(Resume, WithSeveralBestModelsAndValidationByStepsTheFilesAreTheSame) {
    const std::vector<std::string> settings = {
        "train.epochs=6",    "train.eval_steps=5",      "train.checkpoint_every=3",
        "train.keep_best=3", "train.average_best=true", "run.weights_only=true",
        "train.ema=0.9"};
    ASSERT_EQ(tiny().train("several", settings).code, 0);
    EXPECT_EQ(disturb("several-killed", settings, 7, SIGKILL).signal, SIGKILL);
    EXPECT_EQ(disturb("several-killed", settings, 19, SIGKILL).signal, SIGKILL);
    write_text(tiny().folder / "several-killed/checkpoints/step-53.safetensors", "of a model that is to come");
    ASSERT_EQ(tiny().train("several-killed", and_resume(settings)).code, 0);
    expect_same_run("several-killed", "several");
    const auto checkpoints = [](const std::string& dir) {
        std::map<std::string, std::string> files;
        for (const auto& entry : std::filesystem::directory_iterator(tiny().folder / (dir + "/checkpoints"))) {
            files[entry.path().filename().string()] = read_text(entry.path().string());
        }
        return files;
    };
    EXPECT_EQ(checkpoints("several-killed"), checkpoints("several"));
    EXPECT_GE(checkpoints("several").size(), 5u) << "last, best, and three";
    EXPECT_EQ(tiny().events("several-killed", "average").size(), 1u);
    const ProgramResult eval = tiny().run({"eval", "several"});
    EXPECT_EQ(eval.code, 0) << eval.errors;
}

TEST_F(Resume, SignalsSaveAndLeave) {
    for (const int signal : {SIGTERM, SIGINT}) {
        const std::string dir = "stopped-" + std::to_string(signal);
        // Without regular checkpoints, so that the state is that which the signal saved.
        const std::vector<std::string> settings = {"train.epochs=30"};
        const ProgramResult result = disturb(dir, settings, 31, signal);
        EXPECT_EQ(result.code, 128 + signal) << result.errors;
        EXPECT_EQ(result.signal, 0);
        const size_t done = tiny().losses(dir).size();
        EXPECT_LT(done, 270u);
        EXPECT_TRUE(contains(result.errors, "after step " + std::to_string(done) + "; go on with --resume"));
        EXPECT_FALSE(tiny().exists(dir + "/finished"));
        const ProgramResult resumed = tiny().train(dir, and_resume(settings));
        ASSERT_EQ(resumed.code, 0) << resumed.errors;
        EXPECT_TRUE(contains(resumed.errors, "resuming " + dir + " after step " + std::to_string(done)));
        EXPECT_EQ(tiny().losses(dir), tiny().losses(whole()));
        EXPECT_EQ(tiny().file(dir + "/report.html").substr(0, 2), "<!");
    }
}

TEST_F(Resume, AFinishedRunIsLeftAlone) {
    ASSERT_EQ(tiny().train("finished").code, 0);
    const auto files = [] {
        std::vector<std::string> all;
        for (const char* name :
             {"recipe.yaml", "metrics.jsonl", "report.html", "checkpoints/last.safetensors", "finished"}) {
            all.push_back(tiny().file(std::string("finished/") + name));
        }
        return all;
    };
    const auto before = files();
    for (const std::vector<std::string>& settings : {std::vector<std::string>{}, {"train.epochs=1"}}) {
        const ProgramResult result = tiny().train("finished", and_resume(settings));
        EXPECT_EQ(result.code, 0);
        EXPECT_TRUE(contains(result.errors, "the run in finished has ended after 18 steps: nothing is left to do"));
        EXPECT_EQ(files(), before);
    }
    expect_error(tiny().train("finished"), 2, "it holds a finished run");
    EXPECT_EQ(files(), before);
}

TEST_F(Resume, MoreEpochsFollowTheLongerTraining) {
    ASSERT_EQ(tiny().train("short").code, 0);
    ASSERT_EQ(tiny().train("short", {"train.epochs=4", "--resume"}).code, 0);
    ASSERT_EQ(tiny().train("long", {"train.epochs=4"}).code, 0);
    const std::vector<double> rates = tiny().values("short", "step", "lr");
    const std::vector<double> longer = tiny().values("long", "step", "lr");
    ASSERT_EQ(rates.size(), 36u);
    EXPECT_NE(rates[17], longer[17]);
    EXPECT_EQ(std::vector(rates.begin() + 18, rates.end()), std::vector(longer.begin() + 18, longer.end()));
    EXPECT_TRUE(contains(tiny().file("short/recipe.yaml"), "epochs: 4"));
    EXPECT_TRUE(tiny().exists("short/finished"));
    EXPECT_EQ(tiny().events("short", "test").size(), 2u) << "one of each training";
    EXPECT_EQ(tiny().values("short", "resume", "step"), std::vector<double>{18});
}

TEST_F(Resume, ARunKilledBeforeItsTestIsEnded) {
    ASSERT_EQ(tiny().train("untested").code, 0);
    const std::vector<double> test = tiny().values("untested", "test", "loss");
    std::filesystem::remove(tiny().folder / "untested/finished");
    std::filesystem::remove(tiny().folder / "untested/report.html");
    const std::string metrics = tiny().file("untested/metrics.jsonl");
    write_text(tiny().folder / "untested/metrics.jsonl", metrics.substr(0, metrics.find("{\"event\":\"test\"")));
    const ProgramResult result = tiny().train("untested", {"--resume"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_EQ(tiny().values("untested", "test", "loss"), test);
    EXPECT_TRUE(tiny().exists("untested/finished"));
    EXPECT_TRUE(tiny().exists("untested/report.html"));
}

TEST_F(Resume, ARunKilledBetweenItsTestAndItsEndHasOneTest) {
    const auto tests = [](const std::string& dir) {
        const std::string curves = tiny().file(dir + "/events.out.tfevents.heed");
        size_t count = 0;
        for (size_t at = 0; (at = curves.find("test/loss", at)) != std::string::npos; ++at) ++count;
        EXPECT_EQ(tiny().events(dir, "test").size(), count);
        return count;
    };
    const std::vector<std::string> settings = {"run.tensorboard=true"};
    // A folder in the place of the report ends the program there, whenever the machine comes to it.
    std::filesystem::create_directories(tiny().folder / "ending/checkpoints");
    write_text(tiny().folder / "ending/.lock", "");
    std::filesystem::create_directories(tiny().folder / "ending/report.html/in the way");
    EXPECT_NE(tiny().train("ending", settings).code, 0);
    EXPECT_TRUE(contains(tiny().file("ending/log.txt"), "ending/report.html: it is a folder\n")) << "why it ended";
    EXPECT_EQ(tests("ending"), 1u);
    EXPECT_FALSE(tiny().exists("ending/finished"));
    std::filesystem::remove_all(tiny().folder / "ending/report.html");
    const ProgramResult resumed = tiny().train("ending", and_resume(settings));
    ASSERT_EQ(resumed.code, 0) << resumed.errors;
    EXPECT_EQ(tests("ending"), 1u);
    // By a kill: the mark of the end is the last file that is written.
    const ProgramResult killed = disturb("ended", settings, 18 + 2 + 1, SIGKILL);
    if (killed.signal == 0) std::filesystem::remove(tiny().folder / "ended/finished");
    ASSERT_EQ(tiny().train("ended", and_resume(settings)).code, 0);
    EXPECT_EQ(tests("ended"), 1u);
    ASSERT_EQ(tiny().train("ended", {"run.tensorboard=true", "train.epochs=3", "--resume"}).code, 0);
    EXPECT_EQ(tests("ended"), 2u) << "one of each training";
}

TEST_F(Resume, OtherSettingsAreRefused) {
    ASSERT_EQ(tiny().train("settings", {"train.steps=5"}).code, 0);
    const std::string before = tiny().last_checkpoint("settings");
    const ProgramResult result =
        tiny().train("settings", {"train.steps=9", "model.dim=32", "optimizer.lr=0.5", "--resume"});
    expect_error(result, 2, "the run in settings was started with other settings");
    EXPECT_TRUE(contains(result.errors, "model.dim was 16, is now 32 (command line)"));
    EXPECT_TRUE(contains(result.errors, "optimizer.lr was 0.01, is now 0.5 (command line)"));
    EXPECT_FALSE(contains(result.errors, "train.steps was"));
    expect_error(tiny().train("settings", {"train.steps=9", "optimizer.type=sgd", "--resume"}), 2,
                 "optimizer.type was adamw, is now sgd");
    EXPECT_EQ(tiny().last_checkpoint("settings"), before);
    EXPECT_TRUE(tiny().exists("settings/finished"));
}

TEST_F(Resume, ExplicitChangesAreMadeAndRecorded) {
    ASSERT_EQ(tiny().train("changed").code, 0);
    const std::string before = tiny().last_checkpoint("changed");
    const ProgramResult hint = tiny().run({"train", "changed", "train.epochs=3", "optimizer.lr=0.002", "--resume"});
    expect_error(hint, 2, "change the run by --change optimizer.lr=0.002");
    expect_error(tiny().train("new", {"--change", "optimizer.lr=1"}), 2, "it needs --resume");
    EXPECT_FALSE(tiny().exists("new"));
    const std::vector<std::string> change = {"train", "changed", "--resume", "--change", "optimizer.lr=0.002"};
    EXPECT_EQ(tiny().run(change).code, 2) << "it has ended";
    EXPECT_EQ(tiny().last_checkpoint("changed"), before);
    std::vector<std::string> longer = change;
    longer.push_back("train.epochs=3");
    const ProgramResult result = tiny().run(longer);
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "changed after step 18: optimizer.lr was 0.01, is now 0.002"));
    const std::vector<MetricsRecord> events = tiny().events("changed", "change");
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].integer("step"), 18);
    EXPECT_EQ(events[0].text("key"), "optimizer.lr");
    EXPECT_EQ(events[0].text("from"), "0.01");
    EXPECT_EQ(events[0].text("to"), "0.002");
    EXPECT_LE(tiny().values("changed", "step", "lr").at(18), 0.002);
    EXPECT_TRUE(contains(tiny().file("changed/recipe.yaml"), "lr: 0.002"));
    // It is the run's own now.
    ASSERT_EQ(tiny().run({"train", "changed", "train.epochs=4", "--resume"}).code, 0);
    EXPECT_EQ(tiny().events("changed", "change").size(), 1u);
    expect_error(tiny().train("nothing", {"--resume", "--change", "optimizer.lr=1"}), 2, "there is no run folder");
}

TEST_F(Resume, ARunKeepsItsNameAndItsBeginning) {
    ASSERT_EQ(tiny().train("origin", {"train.steps=5"}).code, 0);
    const std::string weights = "origin/checkpoints/last.safetensors";
    ASSERT_EQ(tiny().train("begun", {"train.steps=5", "init=origin"}).code, 0);
    const std::string init = "init: \"" + (tiny().folder / "origin") + "\"";
    const auto begun_at_origin = [&] {
        const std::string recipe = tiny().file("begun/recipe.yaml");
        return contains(recipe, init) || contains(recipe, "init: " + (tiny().folder / "origin"));
    };
    EXPECT_TRUE(begun_at_origin()) << tiny().file("begun/recipe.yaml");
    expect_error(tiny().train("begun", {"train.steps=7", "init=" + weights, "--resume"}), 2,
                 "init: the run in begun was started from " + (tiny().folder / "origin"));
    expect_error(tiny().train("origin", {"train.steps=7", "init=" + weights, "--resume"}), 2,
                 "init: the run in origin was started from random weights");
    ASSERT_EQ(tiny().train("begun", {"train.steps=7", "--resume"}).code, 0);
    EXPECT_TRUE(begun_at_origin()) << "it still says where it began";
    ASSERT_EQ(tiny().train("begun", {"train.steps=8", "init=origin", "--resume"}).code, 0);
    expect_error(tiny().run({"train", "begun", "train.steps=9", "run.name=other", "--resume"}), 2,
                 " and keeps its name, got other");
    expect_error(tiny().run({"train", "tiny.yaml", "run.name=unknown", "--resume"}), 2,
                 "run.name: there is no run in runs/unknown to resume");
    EXPECT_FALSE(tiny().exists("runs/unknown"));
}

TEST_F(Resume, WithoutACheckpointItStartsFresh) {
    std::filesystem::create_directories(tiny().folder / "nothing-yet");
    const ProgramResult result = tiny().train("nothing-yet", {"train.steps=4", "--resume"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "there is no checkpoint in nothing-yet: starting from the beginning"));
    EXPECT_EQ(tiny().losses("nothing-yet").size(), 4u);
}

TEST_F(Resume, AFolderThatDoesNotExistIsAnError) {
    ASSERT_EQ(tiny().train("runs/typed/1", {"train.steps=1", "optimizer.schedule=constant"}).code, 0);
    expect_error(tiny().train("runs/typd/1", {"--resume"}), 2,
                 "there is no run folder runs/typd/1 to resume (did you mean runs/typed?)");
    expect_error(tiny().train("runs/typed/7", {"--resume"}), 2, "(the latest one is runs/typed/1)");
    expect_error(tiny().run({"train", "runs/typd", "--resume"}), 2,
                 "there is no run folder or recipe runs/typd to resume (did you mean runs/typed?)");
    expect_error(tiny().run({"train", "data", "--resume"}), 2, "the folder data holds no run");
    EXPECT_FALSE(tiny().exists("runs/typd"));
    EXPECT_FALSE(tiny().exists("runs/typed/7"));
}

TEST_F(Resume, ARunFolderOrItsRecipeIsEnough) {
    const std::vector<std::string> settings = {"model.depth=1", "optimizer.lr=0.02", "train.epochs=3"};
    ASSERT_EQ(tiny().train("enough", {"model.depth=1", "optimizer.lr=0.02"}).code, 0);
    expect_error(tiny().run({"train", "enough"}), 2, "enough is a run folder: --resume goes on with its training");
    const ProgramResult by_folder = tiny().run({"train", "enough/", "train.epochs=3", "--resume"});
    ASSERT_EQ(by_folder.code, 0) << by_folder.errors;
    EXPECT_TRUE(contains(by_folder.errors, "resuming enough after step 18"));
    EXPECT_EQ(by_folder.errors.find("//"), std::string::npos);
    EXPECT_EQ(tiny().losses("enough").size(), 27u);
    // From another folder, without the recipe's relative paths.
    const ProgramResult by_recipe =
        run_program(tiny().folder / "enough", {"train", "recipe.yaml", "train.epochs=4", "--resume"});
    ASSERT_EQ(by_recipe.code, 0) << by_recipe.errors;
    EXPECT_EQ(tiny().losses("enough").size(), 36u);
    EXPECT_FALSE(tiny().exists("enough/runs"));
    expect_error(tiny().run({"train", "enough", "model.dim=32", "--resume"}), 2, "model.dim was 16, is now 32");
    expect_error(tiny().run({"train", "enough", "run.dir=other", "--resume"}), 2,
                 "run.dir cannot be given beside the run folder enough");
    const ProgramResult info = tiny().run({"info", "enough"});
    EXPECT_TRUE(contains(info.output, "enough: finished after 36 steps (4 epochs asked for)"));
}

TEST_F(Resume, TheLossOfAnEpochIsThatOfAllItsSteps) {
    ASSERT_EQ(tiny().train("parts-of-epochs", {"train.steps=13"}).code, 0);
    ASSERT_EQ(tiny().run({"train", "parts-of-epochs", "train.steps=18", "--resume"}).code, 0);
    const std::vector<double> losses = tiny().losses("parts-of-epochs");
    const double mean = std::accumulate(losses.begin() + 9, losses.end(), 0.0) / 9;
    char text[32];
    std::snprintf(text, sizeof text, "epoch 2/2  loss %.4f", mean);
    EXPECT_TRUE(contains(tiny().file("parts-of-epochs/log.txt"), text));
}

TEST_F(Resume, TheBestCheckpointIsMissedAtOnce) {
    ASSERT_EQ(tiny().train("best", {"train.epochs=3"}).code, 0);
    const std::string best = "best/checkpoints/best.safetensors", last = "best/checkpoints/last.safetensors";
    const std::string content = tiny().file(best);
    std::filesystem::remove(tiny().folder / best);
    const size_t steps = tiny().losses("best").size();
    const double best_step = tiny().values("best", "test", "step").at(0);
    if (best_step < 27) {
        expect_error(tiny().run({"train", "best", "train.epochs=5", "--resume"}), 2, "cannot resume best: expected");
        EXPECT_EQ(tiny().losses("best").size(), steps);
        EXPECT_TRUE(tiny().exists("best/finished"));
    }
    // A run that was killed between the last and the best checkpoint can still write it.
    ASSERT_EQ(tiny().train("between", {"train.epochs=1"}).code, 0);
    const std::string file = "between/checkpoints/best.safetensors";
    const std::string written = tiny().file(file);
    for (const std::string& left : {std::string(), content}) {
        std::filesystem::remove(tiny().folder / "between/finished");
        std::filesystem::remove(tiny().folder / file);
        if (!left.empty()) write_text(tiny().folder / file, left);
        ASSERT_EQ(tiny().run({"train", "between", "--resume"}).code, 0);
        EXPECT_EQ(tiny().file(file), written);
    }
    EXPECT_NE(tiny().file(last), "");
}

TEST_F(Resume, ABestCheckpointOfAnAbandonedStartIsForgotten) {
    ASSERT_EQ(tiny().train("abandoned").code, 0);
    std::filesystem::remove(tiny().folder / "abandoned/finished");
    std::filesystem::remove(tiny().folder / "abandoned/checkpoints/last.safetensors");
    ASSERT_EQ(tiny().train("abandoned", {"data.validation=0"}).code, 0);
    EXPECT_FALSE(tiny().exists("abandoned/checkpoints/best.safetensors"));
    EXPECT_EQ(tiny().losses("abandoned").size(), 20u);
}

TEST_F(Resume, ACheckpointOfAnotherStartThatCannotBeRemovedIsAnError) {
    std::filesystem::create_directories(tiny().folder / "stale/checkpoints/average.safetensors/in the way");
    write_text(tiny().folder / "stale/.lock", "");
    expect_error(tiny().train("stale"), 1, "cannot remove stale/checkpoints/average.safetensors: Directory not empty");
}

TEST_F(Resume, DamagedMetricsChangeNothing) {
    ASSERT_EQ(tiny().train("garbled").code, 0);
    const std::string garbled = tiny().file("garbled/metrics.jsonl") + "garbage\n";
    write_text(tiny().folder / "garbled/metrics.jsonl", garbled);
    expect_error(tiny().train("garbled", {"train.epochs=3", "--resume"}), 2,
                 "garbled/metrics.jsonl, line 23: expected a JSON object");
    EXPECT_EQ(tiny().file("garbled/metrics.jsonl"), garbled);
    EXPECT_TRUE(tiny().exists("garbled/finished"));
}

TEST_F(Resume, WithoutAFolderTheLatestRunGoesOn) {
    const std::vector<std::string> settings = {"train", "tiny.yaml", "run.name=latest", "train.steps=3"};
    ASSERT_EQ(tiny().run(settings).code, 0);
    ASSERT_EQ(tiny().run(settings).code, 0);
    const ProgramResult result = tiny().run({"train", "tiny.yaml", "run.name=latest", "train.steps=6", "--resume"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "resuming runs/latest/2 after step 3"));
    EXPECT_EQ(tiny().losses("runs/latest/1").size(), 3u);
    EXPECT_EQ(tiny().losses("runs/latest/2").size(), 6u);
}

TEST_F(Resume, ARunFolderHasOneUser) {
    const std::string metrics = tiny().folder / "shared/metrics.jsonl";
    Program first(tiny().folder.path(), TinyTraining::train_arguments("shared", {"train.steps=1000000"}));
    ASSERT_TRUE(wait_for_lines(metrics, 3));
    for (const std::vector<std::string>& settings : {std::vector<std::string>{}, {"--resume"}}) {
        expect_error(tiny().train("shared", settings), 2, "cannot use the run folder shared: another run is using it");
    }
    const int64_t lines = lines_of(metrics);
    EXPECT_TRUE(wait_for_lines(metrics, lines + 3)) << "the first goes on undisturbed";
    first.send(SIGKILL);
    first.wait();
}

TEST_F(Resume, OtherThreadsAreNamed) {
    ASSERT_EQ(tiny().train("machine", {"train.steps=3"}).code, 0);
    const ProgramResult result = tiny().train("machine", {"train.steps=5", "threads=2", "--resume"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "results are equal up to rounding"));
}

}  // namespace
}  // namespace heed::test::resume_test
