#include <gtest/gtest.h>
#include <png.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "heed/tests/e2e/program.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::commands_test {
namespace {

constexpr const char* recipe =
    "model: {type: vit, dim: 16, depth: 2, heads: 2, mlp_dim: 16, patch: 7}\n"
    "data: {name: mnist, batch: 10}\n"
    "train: {epochs: 20, seed: 1}\n"
    "optimizer: {type: adamw, lr: 1e-2}\n"
    "run: {dir: run}\n";

/// One tiny run for all tests of this file.
class Commands : public testing::Test {
protected:
    static void SetUpTestSuite() {
        folder_ = new TemporaryFolder;
        write_tiny_images(folder() + "/data/mnist", {.train = 100, .test = 50, .classes = 4});
        setenv("HEED_DATA", (folder() + "/data").c_str(), 1);
        write_text(folder() + "/tiny.yaml", recipe);
        training_ = run({"train", "tiny.yaml"});
    }
    static void TearDownTestSuite() { delete folder_; }

    static std::string folder() { return folder_->path(); }
    static ProgramResult run(const std::vector<std::string>& arguments) { return run_program(folder(), arguments); }

    /// The call ends with exit code 2 and one line that contains `part`.
    static void expect_refusal(const std::vector<std::string>& arguments, const std::string& part) {
        const ProgramResult result = run(arguments);
        EXPECT_EQ(result.code, 2) << part;
        EXPECT_EQ(result.signal, 0) << part;
        EXPECT_TRUE(begins_with(result.errors, "heed: error: "));
        EXPECT_TRUE(contains(result.errors, part));
        EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1) << result.errors;
    }

    static void write_png(const std::string& name, uint32_t height, uint32_t width) {
        const std::vector<uint8_t> pixels(height * width, 100);
        png_image image = {};
        image.version = PNG_IMAGE_VERSION;
        image.format = PNG_FORMAT_GRAY;
        image.height = height;
        image.width = width;
        ASSERT_TRUE(png_image_write_to_file(&image, (folder() + "/" + name).c_str(), 0, pixels.data(), 0, nullptr));
    }

    static TemporaryFolder* folder_;
    static ProgramResult training_;
};

TemporaryFolder* Commands::folder_ = nullptr;
ProgramResult Commands::training_;

TEST_F(Commands, HelpIsEverywhere) {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                      {"--help"},
                                                      {"-h"},
                                                      {"help"},
                                                      {"train", "--help"},
                                                      {"eval", "-h"},
                                                      {"predict", "--help"},
                                                      {"check", "--help"},
                                                      {"info", "--help"},
                                                      {"help", "train"},
                                                      {"help", "recipe"}}) {
        const ProgramResult result = run(arguments);
        EXPECT_EQ(result.code, 0);
        EXPECT_EQ(result.errors, "");
        EXPECT_GT(result.output.size(), 100u);
    }
    for (const char* command : {"train", "eval", "predict", "check", "info"}) {
        EXPECT_TRUE(contains(run({"--help"}).output, command));
        EXPECT_TRUE(contains(run({command, "--help"}).output, std::string("heed ") + command));
    }
    EXPECT_TRUE(contains(run({"train", "--help"}).output, "optimizer.warmup=5%"));
}

TEST_F(Commands, VersionTellsTheBuild) {
    const ProgramResult result = run({"--version"});
    EXPECT_EQ(result.code, 0);
    for (const char* part : {"heed ", "commit", "compiler", "instructions", "oneDNN", "threads", "CUDA"}) {
        EXPECT_TRUE(contains(result.output, part));
    }
    const bool without_cuda = contains(result.output, "CUDA             no\n");
    EXPECT_NE(without_cuda, contains(result.output, "CUDA             architectures ")) << result.output;
    const ProgramResult on_cuda = run({"check", "tiny.yaml", "device=cuda"});
    EXPECT_EQ(without_cuda, contains(on_cuda.errors, "this build of Heed has no CUDA")) << on_cuda.errors;
}

TEST_F(Commands, WrongCommandLinesAreRefused) {
    expect_refusal({"tran"}, "unknown command \"tran\" (did you mean train?)");
    expect_refusal({""}, "unknown command \"\"");
    expect_refusal({"--verison"}, "(did you mean --version?)");
    expect_refusal({"train"}, "recipe is required");
    expect_refusal({"train", "tiny.yaml", "--rsume"}, "(did you mean --resume?)");
    expect_refusal({"train", "tiny.yaml", "--epochs=3"}, "settings have no dashes");
    expect_refusal({"train", "tiny.yaml", "epochs"}, "expected key=value");
    expect_refusal({"train", "tiny.yml"}, "(did you mean tiny.yaml?)");
    expect_refusal({"eval", "run", "--split", "tset"}, "(did you mean test?)");
    expect_refusal({"predict", "run"}, "expects the files of the images");
    expect_refusal({"predict", "run", "x", "--top=0"}, "--top expects a whole number");
    expect_refusal({"info", "run", "more"}, "unexpected argument \"more\"");
    expect_refusal({"help", "recpie"}, "(did you mean recipe?)");
}

TEST_F(Commands, WrongSettingsAreRefusedWithTheirPlace) {
    expect_refusal({"check", "tiny.yaml", "model.dmi=3"},
                   "command line: \"model.dmi\" is not a known key (did you mean");
    expect_refusal({"check", "tiny.yaml", "model.heads=5"}, "command line: ");
    expect_refusal({"train", "tiny.yaml", "model.patch=5", "run.dir=never"}, "command line: ");
    write_text(folder() + "/patch.yaml", "base: tiny.yaml\nmodel:\n  patch: 5\nrun: {dir: never}\n");
    expect_refusal({"check", "patch.yaml"}, "patch.yaml:3: ");
    expect_refusal({"train", "patch.yaml"}, "patch.yaml:3: ");
    expect_refusal({"train", "tiny.yaml", "data.root=nowhere", "run.dir=never"}, "nowhere");
    expect_refusal({"train", "tiny.yaml", "threads=1000"}, "threads expects a whole number");
    EXPECT_FALSE(std::filesystem::exists(folder() + "/never"));
}

TEST_F(Commands, TrainingLearnsAndIsNotRepeated) {
    ASSERT_EQ(training_.code, 0) << training_.errors;
    EXPECT_TRUE(contains(read_text(folder() + "/run/metrics.jsonl"), "\"event\":\"test\""));
    expect_refusal({"train", "tiny.yaml"}, "it holds a finished run");
}

TEST_F(Commands, EvalMeasuresASplit) {
    const ProgramResult result = run({"eval", "run", "--json"});
    ASSERT_EQ(result.code, 0) << result.errors;
    const auto json = nlohmann::json::parse(result.output);
    EXPECT_EQ(json.at("split"), "test");
    EXPECT_EQ(json.at("samples"), 50);
    EXPECT_GT(json.at("accuracy"), 0.9);
    int64_t sum = 0;
    for (const auto& row : json.at("confusion")) {
        for (const auto& count : row) sum += count.get<int64_t>();
    }
    EXPECT_EQ(sum, 50);
    EXPECT_EQ(nlohmann::json::parse(run({"eval", "run", "--json", "--split", "validation"}).output).at("samples"), 10);
    EXPECT_TRUE(contains(run({"eval", "run/checkpoints/last.safetensors"}).output, "accuracy"));
    ASSERT_EQ(run({"train", "tiny.yaml", "run.dir=unvalidated", "data.validation=0", "train.steps=1",
                   "optimizer.schedule=constant"})
                  .code,
              0);
    expect_refusal({"eval", "unvalidated", "--split", "validation"}, "there are no validation images");
    EXPECT_EQ(nlohmann::json::parse(run({"eval", "run", "--json", "--split", "train"}).output).at("samples"), 90);
    expect_refusal({"eval", "nothing"}, "there is no nothing");
    expect_refusal({"eval", "tiny.yaml"}, "tiny.yaml");
}

TEST_F(Commands, PredictClassifiesPngAndIdxFiles) {
    write_png("a.png", 28, 28);
    const ProgramResult table = run({"predict", "run", "a.png", "--top", "2"});
    ASSERT_EQ(table.code, 0) << table.errors;
    EXPECT_TRUE(begins_with(table.output, "a.png  "));
    const ProgramResult lines = run({"predict", "run", "--json", "a.png", "data/mnist/t10k-images-idx3-ubyte"});
    ASSERT_EQ(lines.code, 0) << lines.errors;
    std::istringstream stream(lines.output);
    std::string line;
    int count = 0, correct = 0;
    while (std::getline(stream, line)) {
        const auto json = nlohmann::json::parse(line);
        double sum = 0;
        for (const auto& probability : json.at("probabilities")) sum += probability.get<double>();
        EXPECT_NEAR(sum, 1, 1e-5);
        if (json.contains("number")) correct += json.at("label") == (100 + json.at("number").get<int>()) % 4 ? 1 : 0;
        count++;
    }
    EXPECT_EQ(count, 51);
    EXPECT_GT(correct, 45);
    write_png("small.png", 27, 28);
    EXPECT_TRUE(begins_with(run({"predict", "run", "small.png"}).output, "small.png  "));  // resized
    expect_refusal({"predict", "run", "none.png"}, "none.png");
    write_png("-dash.png", 28, 28);
    EXPECT_TRUE(contains(run({"predict", "run", "--top=2", "--", "-dash.png"}).output, "-dash.png"));
    expect_refusal({"predict", "run", "tiny.yaml"}, "expected a PNG file, a JPEG file or an idx file");
    expect_refusal({"predict", "run", "data/mnist/t10k-labels-idx1-ubyte"}, "expected an idx file with 3 dimensions");
}

TEST_F(Commands, CheckAndInfoDescribe) {
    const ProgramResult check = run({"check", "tiny.yaml", "train.seed=9"});
    ASSERT_EQ(check.code, 0) << check.errors;
    for (const char* part : {"tiny.yaml:1", "command line", "default", "parameters", "multiply-adds", "memory"}) {
        EXPECT_TRUE(contains(check.output, part));
    }
    expect_refusal({"check", "tiny.yaml", "init=none.safetensors"}, "none.safetensors");
    write_text(folder() + "/small.yaml", "base: tiny.yaml\nmodel: {mlp_dim: 8}\n");
    ASSERT_EQ(run({"train", "small.yaml", "run.dir=small", "train.steps=1", "optimizer.schedule=constant"}).code, 0);
    expect_refusal({"check", "tiny.yaml", "init=small/checkpoints/last.safetensors"}, "does not fit the model");
    expect_refusal({"check", "tiny.yaml", "data.mean=[1, 2]"}, "data.mean expects one value");
    for (const char* command : {"check", "train"}) {
        expect_refusal({command, "tiny.yaml", "run.dir=never", "optimizer.lr=0"},
                       "has a learning rate of 0 at every step, so that nothing would be trained");
        expect_refusal({command, "tiny.yaml", "run.dir=never", "train.steps=1"},
                       "has a learning rate of 0 at every step");
        expect_refusal({command, "tiny.yaml", "run.dir=never", "data.augment.crop=28"},
                       "data.augment.crop expects less than the side of the images (28 pixels), got 28");
    }
    const char* warning = "warning: optimizer.warmup of 600 steps is longer than the training of 500";
    for (const char* setting : {"train.seed=1", "data.name=image_folder"}) {
        EXPECT_TRUE(
            contains(run({"check", "tiny.yaml", "optimizer.warmup=600", "train.steps=500", setting}).output, warning))
            << setting;
    }
    EXPECT_FALSE(contains(run({"check", "tiny.yaml", "optimizer.warmup=5 epochs"}).output, "warning"));
    EXPECT_TRUE(
        contains(run({"check", "tiny.yaml", "optimizer.warmup=30 epochs"}).output, "is longer than the training"));
    expect_refusal({"train", "tiny.yaml", "run.dir=never", "model.dim=65536", "model.heads=1024", "model.depth=1000"},
                   "weights, gradients and the state of the optimizer take ");
    EXPECT_FALSE(std::filesystem::exists(folder() + "/never"));
    const ProgramResult whole = run({"check", "tiny.yaml", "data.batch=16000000", "train.epochs=3"});
    EXPECT_TRUE(contains(whole.output, "for training with 54000 images at a time"));
    EXPECT_TRUE(contains(whole.output, "steps           3\n"));
    const ProgramResult large = run({"check", "tiny.yaml", "model.dim=65536", "model.heads=1024", "model.depth=1000"});
    EXPECT_EQ(large.code, 0) << large.errors;
    EXPECT_TRUE(contains(large.output, "warning: this machine has"));
    const ProgramResult info = run({"info", "run"});
    ASSERT_EQ(info.code, 0) << info.errors;
    EXPECT_TRUE(contains(info.output, "run: finished after 180 steps (20 epochs asked for)"));
    for (const char* part : {"encoder.layers.0.attention.query.weight", "sdpa", " steps", "mnist", "in all"}) {
        EXPECT_TRUE(contains(info.output, part));
    }
    expect_refusal({"info", "nothing"}, "there is no nothing");
}

}  // namespace
}  // namespace heed::test::commands_test
