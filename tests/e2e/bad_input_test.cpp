#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <limits>

#include "heed/core/files/safetensors.h"
#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/restricted.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::bad_input_test {
namespace {

namespace fs = std::filesystem;

constexpr const char* last = "run/checkpoints/last.safetensors";

/// All tests of this file may look at one finished run, "run". Refused trainings are to leave no folder "never" behind.
class BadInput : public testing::Test {
protected:
    static void SetUpTestSuite() {
        tiny_ = new TinyTraining;
        ASSERT_EQ(tiny_->train("run").code, 0);
    }
    static void TearDownTestSuite() { delete tiny_; }

    static const TinyTraining& tiny() { return *tiny_; }

    static void expect_refused(const std::vector<std::string>& settings, const std::string& part) {
        expect_error(tiny().train("never", settings), 2, part);
        EXPECT_FALSE(tiny().exists("never")) << part;
        fs::remove_all(tiny().folder / "never");
    }

    /// The same for a recipe with these lines.
    static void expect_recipe_refused(const std::string& text, const std::string& part) {
        write_text(tiny().folder / "wrong.yaml", text);
        expect_error(tiny().run({"train", "wrong.yaml", "run.dir=never"}), 2, part);
        EXPECT_FALSE(tiny().exists("never")) << part;
        fs::remove_all(tiny().folder / "never");
    }

    /// A copy of the data set in the folder `name`, in which a file was replaced by `change` of it.
    template <class Change>
    static std::string changed_data(const std::string& name, const std::string& file, const Change& change) {
        fs::remove_all(tiny().folder / name);
        fs::copy(tiny().folder / "data", tiny().folder / name);
        write_text(tiny().folder / (name + "/" + file), change(tiny().file("data/" + file)));
        return "data.root=" + name;
    }

    static TinyTraining* tiny_;
};

TinyTraining* BadInput::tiny_ = nullptr;

TEST_F(BadInput, Recipes) {
    expect_recipe_refused("base: tiny.yaml\nmodel:\n  dims: 16\n", "wrong.yaml:3: ");
    expect_recipe_refused("base: tiny.yaml\nmodel:\n  dims: 16\n", "did you mean model.dim?");
    expect_recipe_refused("base: tiny.yaml\noptimiser: {lr: 1}\n", "did you mean optimizer");
    expect_recipe_refused("base: tiny.yaml\nmodel: {dim: wide}\n", "wrong.yaml:2: ");
    expect_recipe_refused("base: tiny.yaml\nmodel: {dim: 1.5}\n", "model.dim expects a whole number");
    expect_recipe_refused("base: tiny.yaml\nmodel: {dim: [16, 32]}\n", "model.dim");
    expect_recipe_refused("base: tiny.yaml\ntrain: {shuffle: perhaps}\n", "train.shuffle");
    expect_recipe_refused("base: none.yaml\n", "none.yaml");
    expect_recipe_refused("base: tiny.yaml\nmodel: {dim: 16\n", "wrong.yaml");
    expect_recipe_refused("base: tiny.yaml\nmodel: {dim: 16, dim: 32}\n", "wrong.yaml:2");
    expect_recipe_refused(std::string("base: tiny.yaml\n\0\xff", 18), "wrong.yaml");
    expect_recipe_refused("", "wrong.yaml");
    expect_recipe_refused("base: tiny.yaml\ntrain:\n  epochs: 2: 3\n",
                          "wrong.yaml:3: train.epochs: expected one value");
    expect_recipe_refused("base: tiny.yaml\ndevice:cpu\n", "wrong.yaml:2: expected a space after device:");
    expect_recipe_refused("base: tiny.yaml\ntrain:\n\u00a0 seed: 1\n", "wrong.yaml:3: expected spaces before");
    expect_recipe_refused("base: tiny.yaml\nrun:\n  name: \"a\n  dir: b\n", "wrong.yaml:3: run.name: expected a quote");
    expect_recipe_refused("base: tiny.yaml\nbatch_size: 3\n", "(did you mean data.batch or data.tokens?)");
    write_text(tiny().folder / "base.yaml", "base: tiny.yaml\ntrain: {epochs: 1 seed: 2}\n");
    expect_recipe_refused("base: base.yaml\n", "base.yaml:2: train: expected \",\" or \"}\" in the group");
    expect_error(tiny().run({"train", "tiny.yaml", "--learning-rate", "1"}), 2, "no dashes: optimizer.lr=value");
    expect_error(tiny().run({"train", "data", "run.dir=never"}), 2, "data");
}

TEST_F(BadInput, ForeignTextSteersNoScreen) {
    for (const std::string& steering : {std::string("\x1b[2J"),
                                        std::string("\xc2\x9b"
                                                    "2J"),
                                        std::string("\xe2\x80\xae"), std::string("\nheed: error: nothing")}) {
        for (const std::vector<std::string>& arguments :
             {std::vector<std::string>{"train", "recipe" + steering + ".yaml"},
              {"predict", "run" + steering, "a.png"},
              {"info", "file" + steering},
              {"check", "tiny.yaml", "data.root=" + steering},
              {"help", steering}}) {
            const ProgramResult result = tiny().run(arguments);
            // check looks at no data; control characters in settings are refused before.
            EXPECT_TRUE(result.code == 2 || (result.code == 0 && arguments[0] == "check")) << result.code;
            EXPECT_EQ((result.output + result.errors).find(steering), std::string::npos) << arguments[0];
        }
    }
}

TEST_F(BadInput, Settings) {
    expect_refused({"model.dimm=32"}, "did you mean model.dim?");
    expect_refused({"model.dim=0"}, "model.dim");
    expect_refused({"model.dim=99999999999999999999"}, "model.dim");
    expect_refused({"model.heads=3"}, "heads");
    expect_refused({"model.patch=3"}, "patch");
    expect_refused({"model.dropout=1"}, "model.dropout");
    expect_refused({"model.dropout=nan"}, "model.dropout");
    expect_refused({"optimizer.lr=-1"}, "optimizer.lr");
    expect_refused({"optimizer.lr=1e30"}, "optimizer.lr");
    expect_refused({"optimizer.warmup=120%"}, "optimizer.warmup");
    expect_refused({"optimizer.min_lr=1"}, "optimizer.min_lr");
    expect_refused({"attention.type=optimized"}, "did you mean optimised?");
    expect_refused({"data.name=mnits"}, "did you mean mnist?");
    expect_refused({"data.batch=0"}, "data.batch");
    expect_refused({"data.std=0"}, "data.std");
    expect_refused({"device=gpu"}, "device");
    expect_refused({"precision=fp16"}, "precision");
    expect_refused({"precision=tf32"}, "tf32 goes with device=cuda");
    // Why depends on build and machine; a machine with a card is spared.
    if (!fs::exists("/dev/nvidiactl")) expect_refused({"device=cuda"}, "device=cuda: this ");
    expect_refused({"threads=100000"}, "threads");
    expect_refused({"threads=-1"}, "threads");
    expect_refused({"train.epochs=0"}, "train.epochs or train.steps must be above 0");
    expect_refused({"train.epochs=1000000000"}, "train.epochs makes 9000000000 steps, expected at most 4294967295");
}

TEST_F(BadInput, SettingsThatNeedMoreThanThereIs) {
    const ProgramResult result =
        tiny().train("never", {"model.dim=65536", "model.heads=1024", "model.mlp_dim=262144", "model.depth=1000"});
    expect_error(result, 2, "of memory: expected a smaller model");
    EXPECT_FALSE(tiny().exists("never"));
}

TEST_F(BadInput, DataFiles) {
    const std::string images = "train-images-idx3-ubyte", labels = "t10k-labels-idx1-ubyte";
    expect_refused({"data.root=nowhere"}, "nowhere");
    expect_refused({"data.root="}, "data.root is missing");
    expect_refused({"data.root=tiny.yaml"}, "tiny.yaml");
    expect_refused({"data.classes=3"}, "label");
    expect_refused({changed_data("cut", images, [](const std::string& s) { return s.substr(0, 3000); })}, images);
    expect_refused({changed_data("tail", images, [](const std::string& s) { return s + "x"; })}, images);
    expect_refused({changed_data("empty", images, [](const std::string&) { return ""; })}, images);
    expect_refused({changed_data("magic", images, [](const std::string& s) { return "PNG" + s; })}, images);
    expect_refused({changed_data("gzip", images, [](const std::string&) { return "\x1f\x8b\x08 not really"; })},
                   images);
    expect_refused({changed_data("huge", images,
                                 [](std::string s) {
                                     s.replace(4, 8, 8, '\x7f');
                                     return s;
                                 })},
                   images);
    expect_refused({changed_data("label", labels,
                                 [](std::string s) {
                                     s.back() = 17;
                                     return s;
                                 })},
                   "label");
    expect_refused({changed_data("count", labels,
                                 [](std::string s) {
                                     s[7] = 39;
                                     s.pop_back();
                                     return s;
                                 })},
                   "39");
    fs::copy(tiny().folder / "data", tiny().folder / "lacking");
    fs::remove(tiny().folder / ("lacking/" + labels));
    expect_refused({"data.root=lacking"}, labels);
}

TEST_F(BadInput, CheckpointsOfOtherModels) {
    for (const char* setting : {"model.dim=32", "model.depth=3"}) {
        const std::vector<std::string> settings = {setting, std::string("init=") + last};
        expect_refused(settings, std::string(last) + " does not fit the model: it ");
    }
    expect_refused({"model.depth=3", std::string("init=") + last}, "it lacks encoder.layers.2.");
    expect_refused({"model.depth=1", std::string("init=") + last}, "it has besides encoder.layers.1.");
    expect_refused({"model.mlp_dim=16", std::string("init=") + last}, "f32[32, 16] for f32[16, 16]");
}

TEST_F(BadInput, DamagedCheckpoints) {
    const std::string whole = tiny().file(last);
    const auto expect_all_refuse = [](const std::string& content, const std::string& part) {
        write_text(tiny().folder / "damaged.safetensors", content);
        expect_refused({"init=damaged.safetensors"}, part);
        expect_error(tiny().run({"eval", "damaged.safetensors", "data.root=data"}), 2, part);
        expect_error(tiny().run({"info", "damaged.safetensors"}), 2, part);
        expect_error(tiny().run({"predict", "damaged.safetensors", "data/t10k-images-idx3-ubyte"}), 2, part);
    };
    expect_all_refuse(whole.substr(0, whole.size() - 100), "damaged.safetensors");
    expect_all_refuse(whole.substr(0, 500), "damaged.safetensors");
    expect_all_refuse("", "damaged.safetensors");
    expect_all_refuse("not a checkpoint at all", "damaged.safetensors");
    for (const size_t at : {0, 7, 8, 9, 40}) {
        std::string flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ 0x55);
        expect_all_refuse(flipped, "damaged.safetensors");
    }
    const std::vector<float> numbers(12, 1.0f);
    write_safetensors(tiny().folder / "other.safetensors", {{"x", DType::f32, {3, 4}, numbers.data()}});
    expect_error(tiny().run({"eval", "other.safetensors"}), 2, "is no checkpoint of Heed");
    expect_refused({"init=other.safetensors"}, "it has besides x");
    expect_refused({"init=none.safetensors"}, "none.safetensors");
    expect_refused({"init=data"}, "data");
}

TEST_F(BadInput, WeightsThatAreNoNumbers) {
    const SafetensorsFile file(tiny().folder / last);
    for (const float wrong : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        std::vector<TensorToStore> tensors;
        std::vector<float> head(file.at("head.weight").bytes.size() / sizeof(float), wrong);
        for (const StoredTensor& tensor : file.tensors()) {
            const void* data =
                tensor.name == "head.weight" ? head.data() : static_cast<const void*>(tensor.bytes.data());
            tensors.push_back({tensor.name, tensor.dtype, tensor.shape, data});
        }
        write_safetensors(tiny().folder / "infinite.safetensors", tensors, file.metadata());
        const std::string error = "infinite.safetensors cannot be used: head.weight holds numbers that are not finite";
        expect_error(tiny().run({"eval", "infinite.safetensors", "data.root=data"}), 2, error);
        expect_error(tiny().run({"predict", "infinite.safetensors", "data/t10k-images-idx3-ubyte"}), 2, error);
    }
    // Finite weights whose products are not.
    std::vector<TensorToStore> tensors;
    std::vector<float> head(file.at("head.weight").bytes.size() / sizeof(float), 3e38f);
    for (const StoredTensor& tensor : file.tensors()) {
        const void* data = tensor.name == "head.weight" ? head.data() : static_cast<const void*>(tensor.bytes.data());
        tensors.push_back({tensor.name, tensor.dtype, tensor.shape, data});
    }
    write_safetensors(tiny().folder / "large.safetensors", tensors, file.metadata());
    expect_error(tiny().run({"eval", "large.safetensors", "data.root=data"}), 1, "numbers that are not finite");
    expect_error(tiny().run({"predict", "large.safetensors", "data/t10k-images-idx3-ubyte"}), 1,
                 "numbers that are not finite for data/t10k-images-idx3-ubyte#0");
}

TEST_F(BadInput, ADamagedCheckpointIsNotOverwrittenByAResume) {
    ASSERT_EQ(tiny().train("damaged", {"train.steps=3"}).code, 0);
    const std::string metrics = tiny().file("damaged/metrics.jsonl");
    const std::string half = tiny().last_checkpoint("damaged").substr(0, 2000);
    write_text(tiny().folder / "damaged/checkpoints/last.safetensors", half);
    expect_error(tiny().train("damaged", {"train.steps=6", "--resume"}), 2, "damaged/checkpoints/last.safetensors");
    EXPECT_EQ(tiny().last_checkpoint("damaged"), half);
    EXPECT_EQ(tiny().file("damaged/metrics.jsonl"), metrics);
}

TEST_F(BadInput, RunFolders) {
    fs::create_directories(tiny().folder / "foreign");
    write_text(tiny().folder / "foreign/thesis.txt", "years of work");
    expect_error(tiny().train("foreign"), 2, "cannot use the run folder foreign: it holds files but no run");
    expect_error(tiny().train("foreign", {"--resume"}), 2, "it holds files but no run");
    EXPECT_EQ(tiny().file("foreign/thesis.txt"), "years of work");
    EXPECT_FALSE(tiny().exists("foreign/checkpoints"));
    expect_error(tiny().train("tiny.yaml"), 2, "cannot use the run folder tiny.yaml: Not a directory");
    expect_error(tiny().train("tiny.yaml/run"), 2, "cannot use the run folder tiny.yaml/run: Not a directory");
    expect_error(tiny().run({"eval", "foreign"}), 2, "foreign");
    expect_error(tiny().run({"info", "nothing"}), 2, "there is no nothing");
}

TEST_F(BadInput, ReadOnlyRunFolder) {
    chmod(tiny().folder.path().c_str(), 0777);
    fs::create_directories(tiny().folder / "locked");
    fs::permissions(tiny().folder / "locked", fs::perms::owner_read | fs::perms::owner_exec);
    // An ordinary user need not be able to look into the build folder.
    const std::string binary = getenv("HEED_BINARY");
    fs::copy_file(binary, tiny().folder / "heed");
    setenv("HEED_BINARY", (tiny().folder / "heed").c_str(), 1);
    {
        const OrdinaryUser user;
        for (const char* dir : {"locked", "locked/run"}) {
            expect_error(tiny().train(dir), 2, std::string("cannot use the run folder ") + dir + ": Permission denied");
        }
    }
    setenv("HEED_BINARY", binary.c_str(), 1);
    fs::permissions(tiny().folder / "locked", fs::perms::owner_all);
    EXPECT_TRUE(fs::is_empty(tiny().folder / "locked"));
}

TEST_F(BadInput, AFullDiskLosesNothing) {
    ASSERT_EQ(tiny().train("whole", {"train.epochs=3"}).code, 0);
    const std::vector<std::string> settings = {"train.epochs=3", "train.checkpoint_every=3", "--resume"};
    ASSERT_EQ(tiny().train("full", {"train.steps=5"}).code, 0);
    const std::string before = tiny().last_checkpoint("full");
    {
        // The log and the metrics fit; a checkpoint, whose length depends on digits in its header, does not.
        const FileSizeLimit limit(before.size() / 2);
        expect_error(tiny().train("full", settings), 1,
                     "cannot write full/checkpoints/last.safetensors: File too large");
    }
    EXPECT_EQ(tiny().last_checkpoint("full"), before);
    EXPECT_EQ(std::distance(fs::directory_iterator(tiny().folder / "full/checkpoints"), fs::directory_iterator()), 2)
        << "the last and the best";
    // The longer training's schedule begins after the fifth step here, so that the two runs are alike, not equal.
    const ProgramResult result = tiny().train("full", settings);
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_EQ(tiny().values("full", "step", "step"), tiny().values("whole", "step", "step"));
    EXPECT_EQ(tiny().values("full", "step", "samples"), tiny().values("whole", "step", "samples"));
}

TEST_F(BadInput, AFullDiskForTheMetrics) {
    {
        const FileSizeLimit limit(1500);
        expect_error(tiny().train("cramped"), 1, "cannot write cramped/metrics.jsonl: File too large");
    }
    EXPECT_FALSE(tiny().exists("cramped/finished"));
    EXPECT_EQ(tiny().train("cramped").code, 0) << "there is nothing to lose, so that it begins anew";
    EXPECT_EQ(tiny().losses("cramped"), tiny().losses("run"));
}

TEST_F(BadInput, ALossThatIsNoNumber) {
    const std::vector<std::string> settings = {"optimizer.type=sgd", "optimizer.lr=1e6", "optimizer.schedule=constant",
                                               "optimizer.warmup=9", "train.clip=0"};
    const ProgramResult result = tiny().train("diverged", settings);
    expect_error(result, 1, "is not a finite number at step ");
    EXPECT_TRUE(contains(result.errors, "; first seen in "));
    EXPECT_TRUE(contains(result.errors, "no state had been saved before"));
    EXPECT_TRUE(contains(tiny().file("diverged/log.txt"), "is not a finite number at step "));
    EXPECT_FALSE(tiny().exists("diverged/finished"));

    std::vector<std::string> saved = settings;
    saved.push_back("train.checkpoint_every=1");
    const ProgramResult later = tiny().train("later", saved);
    expect_error(later, 1, "the last good state is in later/checkpoints/last.safetensors");
    EXPECT_EQ(tiny().run({"info", "later/checkpoints/last.safetensors"}).code, 0);
}

TEST_F(BadInput, PredictsNothingFromWrongFiles) {
    write_text(tiny().folder / "broken.png", "\x89PNG\r\n\x1a\n and no more");
    expect_error(tiny().run({"predict", "run", "broken.png"}), 2, "broken.png");
    expect_error(tiny().run({"predict", "run", "tiny.yaml"}), 2, "tiny.yaml");
    expect_error(tiny().run({"predict", "run", "nothing.png"}), 2, "nothing.png");
    write_tiny_images(tiny().folder / "larger", {.train = 4, .test = 4, .height = 9, .width = 8, .classes = 4});
    expect_error(tiny().run({"predict", "run", "larger/t10k-images-idx3-ubyte"}), 2, "expects images of 1x8x8");
}

}  // namespace
}  // namespace heed::test::bad_input_test
