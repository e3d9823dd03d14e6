#include "heed/datasets/png_image.h"

#include <gtest/gtest.h>
#include <png.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"

namespace heed {
namespace {

using test::contains;
using test::message_of;

class PngImage : public testing::Test {
protected:
    std::string write(const std::string& name, png_uint_32 format, uint32_t height, uint32_t width,
                      const std::vector<uint8_t>& pixels) {
        png_image image = {};
        image.version = PNG_IMAGE_VERSION;
        image.format = format;
        image.height = height;
        image.width = width;
        const std::string path = folder_ / name;
        EXPECT_TRUE(png_image_write_to_file(&image, path.c_str(), 0, pixels.data(), 0, nullptr)) << image.message;
        return path;
    }

    std::string write_bytes(const std::string& name, const std::string& bytes) {
        const std::string path = folder_ / name;
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }

    /// A grey image of 16 bits a pixel that states no gamma, each byte of `pixels` twice.
    std::string write_16_bits(const std::string& name, uint32_t height, uint32_t width,
                              const std::vector<uint8_t>& pixels) {
        const std::string path = folder_ / name;
        FILE* file = std::fopen(path.c_str(), "wb");
        png_structp writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
        png_infop info = png_create_info_struct(writer);
        png_init_io(writer, file);
        png_set_IHDR(writer, info, width, height, 16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                     PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
        png_write_info(writer, info);
        std::vector<uint8_t> row(2 * width);
        for (uint32_t y = 0; y < height; y++) {
            for (uint32_t x = 0; x < 2 * width; x++) row[x] = pixels[y * width + x / 2];
            png_write_row(writer, row.data());
        }
        png_write_end(writer, info);
        png_destroy_write_struct(&writer, &info);
        std::fclose(file);
        return path;
    }

    test::TemporaryFolder folder_;
};

const std::vector<uint8_t> grey = {0, 1, 127, 128, 254, 255};
const std::vector<uint8_t> colours = {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30};

TEST_F(PngImage, ReadsGrey) {
    const std::string path = write("grey.png", PNG_FORMAT_GRAY, 2, 3, grey);
    EXPECT_TRUE(is_png(path));
    EXPECT_EQ(read_png(path, {1, 2, 3}), grey);
    EXPECT_EQ(read_png(path, {3, 2, 3}),
              (std::vector<uint8_t>{0, 1, 127, 128, 254, 255, 0, 1, 127, 128, 254, 255, 0, 1, 127, 128, 254, 255}));
}

TEST_F(PngImage, ReadsColoursAsPlanes) {
    const std::string path = write("colours.png", PNG_FORMAT_RGB, 2, 2, colours);
    EXPECT_EQ(read_png(path, {3, 2, 2}), (std::vector<uint8_t>{255, 0, 0, 10, 0, 255, 0, 20, 0, 0, 255, 30}));
    const std::vector<uint8_t> as_grey = read_png(path, {1, 2, 2});
    ASSERT_EQ(as_grey.size(), 4u);
    EXPECT_GT(as_grey[1], as_grey[0]);  // green is brighter than red, red than blue
    EXPECT_GT(as_grey[0], as_grey[2]);
}

TEST_F(PngImage, SixteenBitsMeanTheSameAsEight) {
    const std::vector<uint8_t> pixels = {0, 10, 50, 128, 200, 255};
    EXPECT_EQ(read_png(write_16_bits("deep.png", 2, 3, pixels), {1, 2, 3}), pixels);
}

TEST_F(PngImage, WhatIsTransparentBecomesBlack) {
    const std::string path = write("clear.png", PNG_FORMAT_GA, 1, 2, {200, 0, 200, 255});
    EXPECT_EQ(read_png(path, {1, 1, 2}), (std::vector<uint8_t>{0, 200}));
}

TEST_F(PngImage, RefusesOtherSizesAndChannels) {
    const std::string path = write("grey.png", PNG_FORMAT_GRAY, 2, 3, grey);
    EXPECT_EQ(message_of<UserError>([&] {
                  read_png(path, {1, 3, 2});
              }),
              path + " expects 3x2 pixels (height x width), got 2x3");
    EXPECT_TRUE(contains(message_of<UserError>([&] { read_png(path, {2, 2, 3}); }), "2 are wanted"));
}

TEST_F(PngImage, RefusesADamagedFile) {
    const std::string path = write("grey.png", PNG_FORMAT_GRAY, 2, 3, grey);
    std::stringstream bytes;
    bytes << std::ifstream(path, std::ios::binary).rdbuf();
    const std::string whole = bytes.str();
    const size_t data_end = whole.find("IEND") - 4;
    for (size_t size = 0; size < data_end; size++) {
        const std::string cut = write_bytes("cut.png", whole.substr(0, size));
        EXPECT_TRUE(contains(message_of<UserError>([&] {
                                 read_png(cut, {1, 2, 3});
                             }),
                             "cannot read the image"))
            << size;
    }
    for (size_t i = 0; i < whole.size(); i++) {
        std::string changed = whole;
        changed[i] = static_cast<char>(changed[i] ^ 0x55);
        const std::string damaged = write_bytes("damaged.png", changed);
        try {
            EXPECT_EQ(read_png(damaged, {1, 2, 3}).size(), grey.size());
        } catch (const UserError&) {
        }
    }
}

TEST_F(PngImage, RefusesWhatIsNoPng) {
    const std::string text = write_bytes("text.png", "no image");
    EXPECT_FALSE(is_png(text));
    EXPECT_TRUE(contains(message_of<UserError>([&] { read_png(text, {1, 2, 3}); }), "text.png"));
    EXPECT_TRUE(contains(message_of<UserError>([&] { is_png(folder_ / "none.png"); }), "No such file"));
    EXPECT_TRUE(contains(message_of<UserError>([&] { read_png(folder_ / "none.png", {1, 2, 3}); }), "none.png"));
}

}  // namespace
}  // namespace heed
