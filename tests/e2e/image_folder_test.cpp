// The real program on a folder of image files.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::image_folder_test {
namespace {

namespace fs = std::filesystem;

/// A grey PNG file of 8 x 8 pixels of noise, its rows stored without compression.
std::vector<uint8_t> noise_png(uint32_t seed) {
    const auto put = [](std::vector<uint8_t>& bytes, uint32_t value) {
        for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<uint8_t>(value >> shift));
    };
    const auto chunk = [&](std::vector<uint8_t>& file, const std::string& kind, const std::vector<uint8_t>& data) {
        put(file, static_cast<uint32_t>(data.size()));
        std::vector<uint8_t> summed(kind.begin(), kind.end());
        summed.insert(summed.end(), data.begin(), data.end());
        file.insert(file.end(), summed.begin(), summed.end());
        uint32_t sum = 0xffffffffU;
        for (const uint8_t byte : summed) {
            sum ^= byte;
            for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ (sum & 1U ? 0xedb88320U : 0U);
        }
        put(file, ~sum);
    };
    std::mt19937 random(seed);
    std::vector<uint8_t> rows;
    for (int i = 0; i < 72; ++i) rows.push_back(i % 9 == 0 ? 0 : static_cast<uint8_t>(random() >> 24));
    uint32_t low = 1, high = 0;
    for (const uint8_t byte : rows) {
        low = (low + byte) % 65521;
        high = (high + low) % 65521;
    }
    std::vector<uint8_t> packed = {0x78, 0x01, 1, 72, 0, 0xff - 72, 0xff};
    packed.insert(packed.end(), rows.begin(), rows.end());
    put(packed, high << 16 | low);
    std::vector<uint8_t> file = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    chunk(file, "IHDR", {0, 0, 0, 8, 0, 0, 0, 8, 8, 0, 0, 0, 0});
    chunk(file, "IDAT", packed);
    chunk(file, "IEND", {});
    return file;
}

class ImageFolderTraining : public testing::Test {
protected:
    ImageFolderTraining() {
        for (uint32_t i = 0; i < 60; ++i) write(i % 2 == 0 ? "a" : "b", std::to_string(i), i);
        std::ofstream(folder_ / "recipe.yaml")
            << "threads: 1\n"
               "data: {name: image_folder, root: set, size: 8, grey: true, batch: 8}\n"
               "model: {type: vit, patch: 4, dim: 8, depth: 1, heads: 1, mlp_dim: 16}\n"
               "attention: {type: sdpa}\ntrain: {epochs: 1}\n";
    }

    void write(const std::string& name, const std::string& file, uint32_t seed) {
        fs::create_directories(folder_ / ("set/" + name));
        write_bytes(folder_ / ("set/" + name + "/" + file + ".png"), noise_png(seed));
    }

    ProgramResult run(const std::vector<std::string>& arguments) const {
        return run_program(folder_.path(), arguments);
    }

    ProgramResult train(const std::string& dir, const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments = {"train", "recipe.yaml", "run.dir=" + dir};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(arguments);
    }

    TemporaryFolder folder_;
};

TEST_F(ImageFolderTraining, OtherDataAreNoticed) {
    ASSERT_EQ(train("run").code, 0);
    ProgramResult same = run({"eval", "run"});
    EXPECT_EQ(same.code, 0);
    EXPECT_FALSE(contains(same.errors, "warning")) << same.errors;
    ASSERT_EQ(run({"train", "run", "--resume", "train.epochs=2"}).code, 0);

    write("b", "more", 1000);
    const ProgramResult evaluated = run({"eval", "run"});
    EXPECT_EQ(evaluated.code, 0);
    EXPECT_TRUE(contains(evaluated.errors, "data are not those that the model was")) << evaluated.errors;
    const ProgramResult resumed = run({"train", "run", "--resume", "train.epochs=3"});
    EXPECT_EQ(resumed.code, 2);
    EXPECT_TRUE(contains(resumed.errors, "are not those that the training was begun with")) << resumed.errors;

    fs::remove(folder_ / "set/b/more.png");
    EXPECT_EQ(run({"train", "run", "--resume", "train.epochs=3"}).code, 0);
}

TEST_F(ImageFolderTraining, WhatDoesNotFitLeavesNoRunFolder) {
    expect_error(train("never", {"data.augment.crop=8"}), 2,
                 "data.augment.crop expects less than the side of the images (8 pixels), got 8");
    EXPECT_FALSE(fs::exists(folder_ / "never"));
    expect_error(run({"check", "recipe.yaml", "data.augment.crop=8"}), 2,
                 "data.augment.crop expects less than the side of the images (8 pixels), got 8");
}

TEST_F(ImageFolderTraining, ADamagedImageNamesTheStepOrIsSkipped) {
    fs::resize_file(folder_ / "set/a/4.png", 60);
    const ProgramResult stopped = train("stopped");
    EXPECT_EQ(stopped.code, 2);
    EXPECT_TRUE(contains(stopped.errors, "4.png: it is cut short")) << stopped.errors;
    EXPECT_TRUE(contains(stopped.errors, "step ")) << stopped.errors;
    const ProgramResult skipped = train("skipped", {"data.on_error=skip"});
    EXPECT_EQ(skipped.code, 0) << skipped.errors;
    EXPECT_TRUE(contains(skipped.errors + skipped.output, "1 of 60 images cannot be read and are left out"))
        << skipped.errors;
    EXPECT_EQ(run({"train", "skipped", "--resume", "train.epochs=2"}).code, 0);
}

TEST_F(ImageFolderTraining, AFolderIsAnsweredFileByFileAndMeasured) {
    ASSERT_EQ(train("run").code, 0);
    const ProgramResult result = run({"predict", "run", "set/", "--csv"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(begins_with(result.output, "file,truth,class,probability,P(a),P(b)\nset/a/0.png,a,"));
    EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 61);
    EXPECT_LT(result.output.find("set/a/2.png"), result.output.find("set/b/1.png"));
    EXPECT_TRUE(contains(result.errors, "60 images of known classes\naccuracy ")) << result.errors;
    EXPECT_TRUE(contains(run({"predict", "run", "set"}).output, "\n\n60 images of known classes\naccuracy "));
    EXPECT_TRUE(contains(run({"predict", "run", "set", "--json"}).output, "\n{\"evaluation\":{\"samples\":60,"));

    // One class alone is a folder of images like any other.
    fs::copy(folder_ / "set/a", folder_ / "loose");
    write_bytes(folder_ / "loose/notes.txt", {'x'});
    const ProgramResult loose = run({"predict", "run", "loose", "data.batch=7"});
    EXPECT_EQ(loose.code, 0);
    EXPECT_EQ(std::count(loose.output.begin(), loose.output.end(), '\n'), 30) << loose.output;
    EXPECT_TRUE(contains(loose.errors, "left out of loose, as they are no files .png, .jpg or .jpeg: notes.txt"));
    EXPECT_TRUE(contains(run({"predict", "run", "set", "loose/0.png"}).errors,
                         "1 of 61 images lie in no folder with the name of a class: nothing is measured"));
    fs::create_directories(folder_ / "empty/sub");
    expect_error(run({"predict", "run", "empty"}), 2, "expected images (.png, .jpg, .jpeg) in 'empty'");
    fs::resize_file(folder_ / "loose/2.png", 60);
    const ProgramResult damaged = run({"predict", "run", "loose"});
    EXPECT_EQ(damaged.code, 2);
    EXPECT_TRUE(contains(damaged.errors, "loose/2.png: it is cut short")) << damaged.errors;
}

TEST_F(ImageFolderTraining, AnotherFolderIsNotTakenForTheTestSetOfTheRun) {
    ASSERT_EQ(train("run").code, 0);
    fs::copy(folder_ / "set", folder_ / "others", fs::copy_options::recursive);
    EXPECT_FALSE(contains(run({"eval", "run", "data.root=others"}).output, "other data")) << "the same, elsewhere";
    fs::remove(folder_ / "others/b/1.png");
    const ProgramResult other = run({"eval", "run", "data.root=others"});
    EXPECT_EQ(other.code, 0);
    EXPECT_TRUE(contains(other.output, "of test (of other data than those of the run), model after step"))
        << other.output;
    EXPECT_TRUE(contains(run({"eval", "run", "data.root=others", "--json"}).output, "\"changed_data\":["));
    EXPECT_FALSE(contains(run({"eval", "run", "--json"}).output, "changed_data"));
}

TEST_F(ImageFolderTraining, OutputsAreTriedBeforeTheWork) {
    ASSERT_EQ(train("run").code, 0);
    fs::create_directories(folder_ / "dump.safetensors");
    const auto dump = [&](const std::string& file) { return run({"predict", "run", "set", "--dump", "logits", file}); };
    for (const auto& [file, part] : {std::pair<std::string, std::string>{"none/x.safetensors", "No such file"},
                                     {"dump.safetensors", "it is a folder"},
                                     {"run/checkpoints/best.safetensors", "it is what the command reads"}}) {
        const ProgramResult result = dump(file);
        expect_error(result, 2, "cannot write " + file + ": " + part);
        EXPECT_EQ(result.output, "") << "no answer came before";
    }
    EXPECT_EQ(run({"eval", "run"}).code, 0) << "the checkpoint is whole";
    // Before the images are read: there are none.
    expect_error(train("recipe.yaml/x", {"data.root=nowhere"}), 2, "cannot use the run folder recipe.yaml/x");
    expect_error(train("set", {"data.root=nowhere"}), 2, "it holds files but no run");
    expect_error(train("run", {"data.root=nowhere"}), 2, "it holds a finished run");
    fs::remove(folder_ / "run/report.html");
    fs::create_directories(folder_ / "run/report.html");
    expect_error(run({"report", "run"}), 2, "cannot write run/report.html: it is a folder");
}

}  // namespace
}  // namespace heed::test::image_folder_test
