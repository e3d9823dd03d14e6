// The real program on a folder of image files.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"

namespace heed::test {
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

}  // namespace
}  // namespace heed::test
