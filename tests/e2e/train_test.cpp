// ctest: processors 2
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "heed/core/files/safetensors.h"
#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/environment.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::train_test {
namespace {

constexpr size_t steps = 18;

/// All tests of this file may look at one finished run, "run".
class Train : public testing::Test {
protected:
    static void SetUpTestSuite() {
        tiny_ = new TinyTraining;
        result_ = tiny_->train("run");
    }
    static void TearDownTestSuite() { delete tiny_; }

    static const TinyTraining& tiny() { return *tiny_; }

    static TinyTraining* tiny_;
    static ProgramResult result_;
};

TinyTraining* Train::tiny_ = nullptr;
ProgramResult Train::result_;

TEST_F(Train, WritesTheWholeRunFolder) {
    ASSERT_EQ(result_.code, 0) << result_.errors;
    EXPECT_EQ(result_.output, "");
    for (const char* name : {"recipe.yaml", "metrics.jsonl", "log.txt", "report.html", "finished",
                             "checkpoints/last.safetensors", "checkpoints/best.safetensors"}) {
        EXPECT_TRUE(tiny().exists(std::string("run/") + name)) << name;
    }
    const std::string page = tiny().file("run/report.html");
    EXPECT_TRUE(begins_with(page, "<!"));
    EXPECT_TRUE(contains(page, "</html>"));
}

TEST_F(Train, TellsItsProgressInPlainLines) {
    EXPECT_EQ(result_.errors.find('\r'), std::string::npos) << "there is no terminal";
    EXPECT_EQ(result_.errors.find('\x1b'), std::string::npos);
    const std::string log = tiny().file("run/log.txt");
    for (const char* part :
         {"run folder run", "90 training, 10 validation, 40 test images of 1x8x8", "vit with sdpa attention",
          "5 tokens", "18 steps of 10 images, 9 steps an epoch", "test: accuracy", "report: run/report.html"}) {
        EXPECT_TRUE(contains(result_.errors, part));
        EXPECT_TRUE(contains(log, part));
    }
    EXPECT_TRUE(contains(result_.errors, "epoch 2/2"));
    const size_t line = log.find("epoch 2/2  loss ");
    ASSERT_NE(line, std::string::npos);
    EXPECT_TRUE(contains(result_.errors, log.substr(line, log.find('\n', line) - line))) << "screen and file agree";
    EXPECT_TRUE(contains(log, "9 steps an epoch, 1 thread\n"));
}

TEST_F(Train, GoesOnWhenTheReaderOfItsLinesLeaves) {
    const std::string command = "cd '" + tiny().folder.path() +
                                "' && \"$HEED_BINARY\" train tiny.yaml run.dir=piped 2>&1 | head -n 1 >first-line";
    ASSERT_EQ(std::system(command.c_str()), 0);
    EXPECT_TRUE(tiny().exists("piped/finished"));
}

TEST_F(Train, LeavesTheTestSetAloneWhereSettingsAreChosen) {
    const ProgramResult result = tiny().train("chosen", {"train.test=false"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "the test set was not read (train.test=false)"));
    EXPECT_FALSE(contains(result.errors, "test: accuracy"));
    EXPECT_TRUE(tiny().exists("chosen/finished"));
    EXPECT_TRUE(tiny().events("chosen", "test").empty());
    EXPECT_TRUE(contains(tiny().file("chosen/report.html"), "The test set was not read (train.test=false)"));
    EXPECT_EQ(tiny().values("chosen", "validation", "loss"), tiny().values("run", "validation", "loss"));
    EXPECT_EQ(tiny().run({"eval", "chosen"}).code, 0);
}

TEST_F(Train, LearnsTheClasses) {
    const std::vector<double> losses = tiny().losses("run");
    ASSERT_EQ(losses.size(), steps);
    const double begin = std::accumulate(losses.begin(), losses.begin() + 4, 0.0);
    const double end = std::accumulate(losses.end() - 4, losses.end(), 0.0);
    EXPECT_LT(end, 0.5 * begin);
    ASSERT_EQ(tiny().train("longer", {"train.epochs=6"}).code, 0);
    EXPECT_GT(tiny().values("longer", "test", "accuracy").at(0), 0.9) << "a quarter would be chance";
}

TEST_F(Train, MetricsHaveOneLineAStep) {
    std::istringstream stream(tiny().file("run/metrics.jsonl"));
    std::string line;
    int64_t step = 0, validations = 0, tests = 0;
    ASSERT_TRUE(std::getline(stream, line));
    const auto start = nlohmann::json::parse(line);
    EXPECT_EQ(start.at("event"), "start");
    EXPECT_EQ(start.at("unit"), "images");
    EXPECT_TRUE(contains(start.at("command"), "heed train tiny.yaml"));
    while (std::getline(stream, line)) {
        const auto json = nlohmann::json::parse(line);
        if (json.at("event") == "step") {
            EXPECT_EQ(json.at("step"), ++step);
            EXPECT_EQ(json.at("epoch"), (step + 8) / 9);
            EXPECT_EQ(json.at("samples"), 10);
            EXPECT_GT(json.at("loss"), 0.0);
            EXPECT_GE(json.at("lr"), 0.0);
            EXPECT_GT(json.at("gradient_norm"), 0.0);
            EXPECT_GE(json.at("data_wait"), 0.0);
            EXPECT_GE(json.at("seconds"), json.at("data_wait"));
        } else if (json.at("event") == "validation") {
            EXPECT_EQ(json.at("step"), 9 * ++validations);
            EXPECT_EQ(json.at("samples"), 10);
        } else {
            EXPECT_EQ(json.at("event"), "test");
            EXPECT_EQ(json.at("samples"), 40);
            EXPECT_GT(json.at("peak_bytes"), 0);
            tests++;
        }
    }
    EXPECT_EQ(step, static_cast<int64_t>(steps));
    EXPECT_EQ(validations, 2);
    EXPECT_EQ(tests, 1);
}

TEST_F(Train, EqualRunsGiveEqualFiles) {
    ASSERT_EQ(tiny().train("again").code, 0);
    EXPECT_EQ(tiny().losses("again"), tiny().losses("run"));
    EXPECT_EQ(tiny().last_checkpoint("again"), tiny().last_checkpoint("run"));
    EXPECT_EQ(tiny().file("again/checkpoints/best.safetensors"), tiny().file("run/checkpoints/best.safetensors"));
    EXPECT_EQ(tiny().last_checkpoint("run").find(tiny().folder.path()), std::string::npos);
    ASSERT_EQ(tiny().train("other", {"train.seed=4"}).code, 0);
    EXPECT_NE(tiny().losses("other"), tiny().losses("run"));
}

TEST_F(Train, TheResolvedRecipeTrainsTheSameAgain) {
    const ProgramResult result = tiny().run({"train", "run/recipe.yaml", "run.dir=resolved"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_EQ(tiny().losses("resolved"), tiny().losses("run"));
    EXPECT_EQ(tiny().last_checkpoint("resolved"), tiny().last_checkpoint("run"));
}

TEST_F(Train, OverridesAreKeptInTheResolvedRecipe) {
    ASSERT_EQ(tiny().train("short", {"train.steps=3", "optimizer.schedule=linear"}).code, 0);
    EXPECT_EQ(tiny().losses("short").size(), 3u);
    const std::string recipe = tiny().file("short/recipe.yaml");
    EXPECT_TRUE(contains(recipe, "steps: 3"));
    EXPECT_TRUE(contains(recipe, "linear"));
}

TEST_F(Train, StepsAndEpochsAreNotGivenTogether) {
    expect_error(tiny().train("never", {"train.steps=3", "train.epochs=2"}), 2,
                 "train.epochs and train.steps say the same in different ways");
    ASSERT_EQ(tiny().train("steps", {"train.steps=3"}).code, 0);
    EXPECT_TRUE(contains(tiny().file("steps/recipe.yaml"), "epochs: 0\n  steps: 3\n"));
    ASSERT_EQ(tiny().run({"train", "steps", "train.epochs=1", "--resume"}).code, 0) << "the nearest counts";
    EXPECT_EQ(tiny().losses("steps").size(), 9u);
    EXPECT_TRUE(contains(tiny().file("steps/recipe.yaml"), "epochs: 1\n  steps: 0\n"));
}

TEST_F(Train, RunsGetNumbersWithoutAFolder) {
    for (const char* dir : {"runs/numbered/1", "runs/numbered/2"}) {
        const ProgramResult result =
            tiny().run({"train", "tiny.yaml", "run.name=numbered", "train.steps=1", "optimizer.schedule=constant"});
        EXPECT_EQ(result.code, 0);
        EXPECT_TRUE(contains(result.errors, std::string("run folder ") + dir));
        EXPECT_TRUE(tiny().exists(std::string(dir) + "/finished"));
    }
}

TEST_F(Train, EvalAgreesWithTheTestOfTheRun) {
    const auto eval = [](const std::string& target) {
        const ProgramResult result = tiny().run({"eval", target, "--json", "data.root=data"});
        EXPECT_EQ(result.code, 0) << result.errors;
        return nlohmann::json::parse(result.output);
    };
    const auto of_run = eval("run");
    EXPECT_EQ(of_run.at("loss").get<double>(), tiny().values("run", "test", "loss").at(0));
    EXPECT_EQ(of_run.at("accuracy").get<double>(), tiny().values("run", "test", "accuracy").at(0));
    EXPECT_EQ(of_run.at("step").get<double>(), tiny().values("run", "test", "step").at(0));
    EXPECT_EQ(eval("run/checkpoints/best.safetensors").at("loss"), of_run.at("loss"));
    EXPECT_EQ(eval("run/checkpoints/last.safetensors").at("step"), steps);

    // A run knows where its data lies, wherever heed is called; a checkpoint alone does not.
    const TemporaryFolder elsewhere;
    for (const char* target : {"run", "run/", "run/checkpoints/best.safetensors"}) {
        const ProgramResult result = run_program(elsewhere.path(), {"eval", tiny().folder / target, "--json"});
        ASSERT_EQ(result.code, 0) << result.errors;
        EXPECT_EQ(nlohmann::json::parse(result.output).at("loss"), of_run.at("loss"));
    }
    write_text(tiny().folder / "alone.safetensors", tiny().file("run/checkpoints/best.safetensors"));
    expect_error(tiny().run({"eval", "alone.safetensors"}), 2, "data.root is missing");
    expect_error(tiny().run({"eval", "run", "model.dropout=0.5"}), 2,
                 "takes no other settings than data.root, data.batch, threads, device, precision and attention.*, got "
                 "\"model.dropout\"");
    expect_error(tiny().run({"eval", "run", "data.rot=data"}), 2, "(did you mean data.root?)");
    expect_error(tiny().run({"eval", "run/checkpoints"}), 2, "is the folder of the checkpoints of run");
    expect_error(tiny().run({"eval", "run", "data.root=elsewhere"}), 2, "elsewhere");
}

TEST_F(Train, AccumulationEqualsTheLargeBatch) {
    const std::vector<std::string> large = {"data.batch=20"};
    const std::vector<std::string> parts = {"data.batch=5", "train.accumulate=4"};
    ASSERT_EQ(tiny().train("large", large).code, 0);
    ASSERT_EQ(tiny().train("parts", parts).code, 0);
    expect_close(tiny().losses("parts"), tiny().losses("large"), 1e-4);
}

TEST_F(Train, InitStartsFromTheWeights) {
    // Without dropout, the loss of the first step over the whole training split is that of an evaluation of it.
    const std::vector<std::string> quiet = {"init=run/checkpoints/last.safetensors",
                                            "model.dropout=0",
                                            "data.batch=90",
                                            "train.shuffle=false",
                                            "train.steps=1",
                                            "optimizer.schedule=constant"};
    const ProgramResult result = tiny().train("init", quiet);
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "starting from the weights in run/checkpoints/last.safetensors"));
    const ProgramResult eval = tiny().run(
        {"eval", "run/checkpoints/last.safetensors", "--split", "train", "--json", "data.root=data", "data.batch=90"});
    ASSERT_EQ(eval.code, 0) << eval.errors;
    const double expected = nlohmann::json::parse(eval.output).at("loss");
    expect_close(tiny().losses("init"), {expected}, 1e-6);

    // A file of plain tensors, as other programs write it, does as well.
    const SafetensorsFile checkpoint(tiny().folder / "run/checkpoints/last.safetensors");
    std::vector<TensorToStore> tensors;
    for (const StoredTensor& tensor : checkpoint.tensors()) {
        if (tensor.name.starts_with("optimizer.")) continue;
        tensors.push_back({tensor.name, tensor.dtype, tensor.shape, tensor.bytes.data()});
    }
    write_safetensors(tiny().folder / "plain.safetensors", tensors);
    std::vector<std::string> plain = quiet;
    plain[0] = "init=plain.safetensors";
    ASSERT_EQ(tiny().train("plain", plain).code, 0);
    EXPECT_EQ(tiny().losses("plain"), tiny().losses("init"));
}

TEST_F(Train, TheReferenceDeviceTrainsAlike) {
    const ProgramResult result = tiny().train("reference", {"device=reference"});
    ASSERT_EQ(result.code, 0) << result.errors;
    expect_close(tiny().losses("reference"), tiny().losses("run"), 1e-3);
}

TEST_F(Train, EveryInstructionSetTrainsAlike) {
    {
        const Environment isa("HEED_ISA", "baseline");
        ASSERT_EQ(tiny().train("baseline").code, 0);
    }
    expect_close(tiny().losses("baseline"), tiny().losses("run"), 1e-3);
    const Environment isa("HEED_ISA", "sse9");
    expect_error(tiny().train("none"), 2, "HEED_ISA");
}

TEST_F(Train, ThreadsChangeTheRoundingAlone) {
    const ProgramResult result = tiny().train("threads", {"threads=2"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "2 threads"));
    expect_close(tiny().losses("threads"), tiny().losses("run"), 1e-3);
}

TEST_F(Train, EveryTypeOfAttentionAndOptimizerTrains) {
    for (const char* setting : {"attention.type=optimised", "optimizer.type=sgd", "model.norm=post"}) {
        const std::string dir = std::string("variant-") + setting;
        const ProgramResult result = tiny().train(dir, {setting});
        ASSERT_EQ(result.code, 0) << result.errors;
        EXPECT_LT(tiny().losses(dir).back(), tiny().losses(dir).front()) << setting;
        EXPECT_NE(tiny().losses(dir), tiny().losses("run")) << setting;
    }
}

}  // namespace
}  // namespace heed::test::train_test
