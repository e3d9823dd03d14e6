#include "heed/trainers/report/pictures/png.h"

#include <gtest/gtest.h>
#include <png.h>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"

namespace heed::png_test {
namespace {

using test::contains;
using test::message_of;

struct Decoded {
    int64_t width = 0, height = 0;
    bool colour = false;
    std::vector<uint8_t> pixels;
};

Decoded decode(const std::vector<uint8_t>& file) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    EXPECT_NE(png_image_begin_read_from_memory(&image, file.data(), file.size()), 0) << image.message;
    Decoded decoded;
    decoded.width = image.width;
    decoded.height = image.height;
    decoded.colour = (image.format & PNG_FORMAT_FLAG_COLOR) != 0;
    image.format = decoded.colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    decoded.pixels.resize(PNG_IMAGE_SIZE(image));
    EXPECT_NE(png_image_finish_read(&image, nullptr, decoded.pixels.data(), 0, nullptr), 0) << image.message;
    return decoded;
}

std::vector<uint8_t> noise(size_t bytes) {
    std::vector<uint8_t> values(bytes);
    uint32_t state = 1;
    for (uint8_t& value : values) {
        state = state * 1664525U + 1013904223U;
        value = static_cast<uint8_t>(state >> 24);
    }
    return values;
}

TEST(Png, GreyPixelsComeBack) {
    for (const auto& [width, height] : {std::pair{28, 28}, {1, 1}, {3, 17}, {257, 2}}) {
        const std::vector<uint8_t> pixels = noise(static_cast<size_t>(width * height));
        const Decoded decoded = decode(encode_png(width, height, 1, pixels));
        EXPECT_EQ(decoded.width, width);
        EXPECT_EQ(decoded.height, height);
        EXPECT_FALSE(decoded.colour);
        EXPECT_EQ(decoded.pixels, pixels);
    }
}

TEST(Png, PalettesComeBackWithTransparency) {
    const std::vector<PaletteColour> palette = {{1, 2, 3, 0}, {250, 128, 7, 255}, {9, 8, 7, 100}};
    const std::vector<uint8_t> pixels = {0, 1, 2, 2, 1, 1};
    const std::vector<uint8_t> file = encode_palette_png(3, 2, palette, pixels);
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    ASSERT_NE(png_image_begin_read_from_memory(&image, file.data(), file.size()), 0) << image.message;
    EXPECT_EQ(image.width, 3U);
    EXPECT_EQ(image.height, 2U);
    image.format = PNG_FORMAT_RGBA;
    std::vector<uint8_t> decoded(PNG_IMAGE_SIZE(image));
    ASSERT_NE(png_image_finish_read(&image, nullptr, decoded.data(), 0, nullptr), 0) << image.message;
    for (size_t i = 0; i < pixels.size(); ++i) {
        const PaletteColour& colour = palette[pixels[i]];
        EXPECT_EQ(decoded[4 * i + 3], colour.alpha);
        if (colour.alpha == 0) continue;
        EXPECT_EQ(decoded[4 * i], colour.red);
        EXPECT_EQ(decoded[4 * i + 1], colour.green);
        EXPECT_EQ(decoded[4 * i + 2], colour.blue);
    }
    const std::vector<uint8_t> outside = {0, 1, 3, 2, 1, 1};
    EXPECT_TRUE(contains(message_of<Error>([&] { encode_palette_png(3, 2, palette, outside); }), "palette of 3"));
    EXPECT_THROW(encode_palette_png(3, 2, std::vector<PaletteColour>(257), pixels), Error);
    EXPECT_THROW(encode_palette_png(4, 2, palette, pixels), Error);
}

TEST(Png, ColouredPixelsComeBack) {
    for (const auto& [width, height] : {std::pair{32, 32}, {1, 1}, {5, 3}}) {
        const std::vector<uint8_t> pixels = noise(static_cast<size_t>(width * height * 3));
        const Decoded decoded = decode(encode_png(width, height, 3, pixels));
        EXPECT_EQ(decoded.width, width);
        EXPECT_EQ(decoded.height, height);
        EXPECT_TRUE(decoded.colour);
        EXPECT_EQ(decoded.pixels, pixels);
    }
}

TEST(Png, CompressesWhatIsEven) {
    EXPECT_LT(encode_png(64, 64, 3, std::vector<uint8_t>(64 * 64 * 3, 200)).size(), 500U);
}

TEST(Png, RefusesSizesThatDoNotFit) {
    const std::vector<uint8_t> pixels(12);
    EXPECT_EQ(message_of<Error>([&] { encode_png(4, 3, 3, pixels); }),
              "cannot encode a PNG of 4x3 pixels and 3 channels from 12 bytes");
    EXPECT_TRUE(contains(message_of<Error>([&] { encode_png(3, 2, 2, pixels); }), "2 channels"));
    EXPECT_TRUE(contains(message_of<Error>([&] { encode_png(0, 3, 1, {}); }), "0x3 pixels"));
    EXPECT_TRUE(contains(message_of<Error>([&] { encode_png(-4, -3, 1, pixels); }), "-4x-3 pixels"));
}

}  // namespace
}  // namespace heed::png_test
