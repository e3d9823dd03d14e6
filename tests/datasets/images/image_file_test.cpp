#include "heed/datasets/images/formats/image_file.h"

#include <gtest/gtest.h>
#include <png.h>
#include <sys/resource.h>
#include <zlib.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>

#include "heed/core/error.h"
#include "heed/datasets/images/formats/exif.h"
#include "heed/tests/datasets/images/image_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"

namespace heed::image_file_test {
namespace {

using test::Bytes;
using test::contains;
using test::jpeg_bytes;
using test::message_of;
using test::png_bytes;
using test::smooth_pixels;

class ImageFile : public testing::Test {
protected:
    std::string write(const std::string& name, const Bytes& bytes) {
        test::write_bytes(folder_ / name, bytes);
        return folder_ / name;
    }

    static Bytes read(const std::string& file, const ImageShape& shape, const RandomCrop* crop = nullptr) {
        Bytes pixels(static_cast<std::size_t>(shape.pixels()), 77);
        read_image_file(file, shape, crop, pixels);
        return pixels;
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

Bytes planes_of(const ImageShape& shape, const Bytes& interleaved) {
    Bytes planes;
    for (int64_t c = 0; c < shape.channels; ++c) {
        for (std::size_t i = static_cast<std::size_t>(c); i < interleaved.size();
             i += static_cast<std::size_t>(shape.channels)) {
            planes.push_back(interleaved[i]);
        }
    }
    return planes;
}

int largest_difference(const Bytes& a, const Bytes& b) {
    EXPECT_EQ(a.size(), b.size());
    int largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
    return largest;
}

TEST_F(ImageFile, PngOfTheSizeComesOutAsItIs) {
    const ImageShape shape{3, 5, 7};
    const Bytes pixels = smooth_pixels(shape, 1);
    EXPECT_EQ(read(write("a.png", png_bytes(shape, pixels)), shape), planes_of(shape, pixels));
    const ImageShape grey{1, 5, 7};
    const Bytes greys = smooth_pixels(grey, 2);
    EXPECT_EQ(read(write("b.png", png_bytes(grey, greys)), grey), greys);
    Bytes thrice = greys;
    thrice.insert(thrice.end(), greys.begin(), greys.end());
    thrice.insert(thrice.end(), greys.begin(), greys.end());
    EXPECT_EQ(read(folder_ / "b.png", shape), thrice);
}

TEST_F(ImageFile, SixteenBitsMeanTheSameAsEight) {
    const Bytes pixels = {0, 10, 50, 128, 200, 255};
    EXPECT_EQ(read(write_16_bits("deep.png", 2, 3, pixels), {1, 2, 3}), pixels);
}

TEST_F(ImageFile, PngBecomesGreyAndIsCutShortNowhere) {
    const Bytes colours = {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30};
    const Bytes whole = png_bytes({3, 2, 2}, colours);
    const Bytes grey = read(write("c.png", whole), {1, 2, 2});
    EXPECT_GT(grey[1], grey[0]);  // green is brighter than red, red than blue
    EXPECT_GT(grey[0], grey[2]);
    for (std::size_t size = 1; size + 12 < whole.size(); ++size) {
        const std::string file =
            write("cut.png", Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
        EXPECT_TRUE(contains(message_of<UserError>([&] { read(file, {3, 2, 2}); }), "cut.png")) << size;
    }
    EXPECT_TRUE(contains(message_of<UserError>([&] { read(folder_ / "c.png", {2, 2, 2}); }), "2 are wanted"));
}

TEST_F(ImageFile, WhatIsTransparentLiesOnWhite) {
    EXPECT_EQ(read(write("a.png", png_bytes({2, 1, 2}, {10, 0, 10, 255})), {1, 1, 2}), (Bytes{255, 10}));
    EXPECT_EQ(read(write("b.png", png_bytes({4, 1, 2}, {1, 2, 3, 0, 4, 5, 6, 255})), {3, 1, 2}),
              (Bytes{255, 4, 255, 5, 255, 6}));
}

TEST_F(ImageFile, JpegOfAnyKindComesOutNearly) {
    const ImageShape colour{3, 24, 40}, grey{1, 24, 40};
    const Bytes pixels = smooth_pixels(colour, 3), greys = smooth_pixels(grey, 4);
    for (const bool progressive : {false, true}) {
        const std::string file = write("c.jpg", jpeg_bytes(colour, pixels, {.progressive = progressive}));
        EXPECT_LE(largest_difference(read(file, colour), planes_of(colour, pixels)), 6);
        EXPECT_EQ(read(file, grey).size(), greys.size());
    }
    const std::string file = write("g.jpg", jpeg_bytes(grey, greys));
    EXPECT_LE(largest_difference(read(file, grey), greys), 4);
    Bytes thrice = read(file, grey);
    const Bytes once = thrice;
    for (int i = 0; i < 2; ++i) thrice.insert(thrice.end(), once.begin(), once.end());
    EXPECT_EQ(read(file, colour), thrice);
}

TEST_F(ImageFile, InksOfAdobeBecomeColours) {
    // inverted: 255 is no ink; without black, cyan 55 leaves 200 of red
    Bytes inks;
    for (int i = 0; i < 64; ++i) inks.insert(inks.end(), {200, 255, 100, 255});
    const std::string file = write("ink.jpg", jpeg_bytes({4, 8, 8}, inks));
    const Bytes colours = read(file, {3, 8, 8});
    EXPECT_NEAR(colours[0], 200, 4);
    EXPECT_NEAR(colours[64], 255, 4);
    EXPECT_NEAR(colours[128], 100, 4);
    EXPECT_NEAR(read(file, {1, 8, 8})[9], 0.299 * 200 + 0.587 * 255 + 0.114 * 100, 4);
}

TEST_F(ImageFile, ShorterSideIsResizedAndTheMiddleCutOut) {
    // 8 columns of bright to the left and right of 16 x 16 pixels in four quarters
    Bytes pixels;
    for (int y = 0; y < 16; ++y) {
        for (int x = 0; x < 32; ++x) {
            const bool middle = x >= 8 && x < 24;
            pixels.push_back(static_cast<uint8_t>(!middle ? 255 : (y < 8 ? 0 : 100) + (x < 16 ? 0 : 50)));
        }
    }
    const Bytes small = read(write("wide.png", png_bytes({1, 16, 32}, pixels)), {1, 8, 8});
    EXPECT_EQ(small[9], 0);
    EXPECT_EQ(small[8 + 6], 50);
    EXPECT_EQ(small[6 * 8 + 1], 100);
    EXPECT_EQ(small[6 * 8 + 6], 150);
    const Bytes large = read(folder_ / "wide.png", {1, 64, 64});
    EXPECT_EQ(large[20 * 64 + 20], 0);
    EXPECT_EQ(large[20 * 64 + 44], 50);
    EXPECT_EQ(large[44 * 64 + 44], 150);
}

TEST_F(ImageFile, EveryPixelCountsWhenAnImageIsMadeSmaller) {
    Bytes pixels;
    for (int i = 0; i < 64 * 64; ++i) pixels.push_back(i % 2 == (i / 64) % 2 ? 0 : 200);  // a chessboard
    for (const uint8_t value : read(write("chess.png", png_bytes({1, 64, 64}, pixels)), {1, 4, 4})) {
        EXPECT_NEAR(value, 100, 3);
    }
}

TEST_F(ImageFile, ReductionWhileDecodingChangesLittle) {
    const ImageShape large{3, 600, 800}, shape{3, 64, 64};
    const Bytes pixels = smooth_pixels(large, 5);
    const Bytes png = read(write("large.png", png_bytes(large, pixels)), shape);
    EXPECT_LE(largest_difference(read(write("large.jpg", jpeg_bytes(large, pixels)), shape), png), 6);
    const RandomCrop crop{.area = 0.4F, .ratio = 1.2F, .x = 0.3F, .y = 0.9F};
    EXPECT_LE(largest_difference(read(folder_ / "large.jpg", shape, &crop), read(folder_ / "large.png", shape, &crop)),
              6);
    EXPECT_GT(largest_difference(read(folder_ / "large.png", shape, &crop), png), 30);
}

TEST_F(ImageFile, CropTakesItsPart) {
    Bytes pixels;
    for (int i = 0; i < 20 * 20; ++i) pixels.push_back(static_cast<uint8_t>(i % 20 * 10));
    const std::string file = write("ramp.png", png_bytes({1, 20, 20}, pixels));
    const RandomCrop right{.area = 0.25F, .ratio = 1, .x = 1, .y = 0};
    EXPECT_EQ(read(file, {1, 1, 10}, &right), (Bytes{100, 110, 120, 130, 140, 150, 160, 170, 180, 190}));
}

TEST_F(ImageFile, ExifOrientationIsHonoured) {
    const ImageShape stored{1, 32, 48};
    const Bytes pixels = smooth_pixels(stored, 0);
    const auto at = [&](int64_t y, int64_t x) { return pixels[static_cast<std::size_t>(y * 48 + x)]; };
    for (int orientation = 1; orientation <= 8; ++orientation) {
        for (const bool big_endian : {false, true}) {
            const std::string file =
                write("turned.jpg",
                      jpeg_bytes(stored, pixels, {.exif_orientation = orientation, .big_endian_exif = big_endian}));
            const bool turned = orientation >= 5;
            const ImageShape shape = turned ? ImageShape{1, 48, 32} : stored;
            // where the definition of the tag says that the pixel (row, column) of the seen image is stored
            Bytes expected;
            for (int64_t y = 0; y < shape.height; ++y) {
                for (int64_t x = 0; x < shape.width; ++x) {
                    const int64_t bottom = shape.height - 1 - y, right = shape.width - 1 - x;
                    switch (orientation) {
                        case 1:
                            expected.push_back(at(y, x));
                            break;
                        case 2:
                            expected.push_back(at(y, right));
                            break;
                        case 3:
                            expected.push_back(at(bottom, right));
                            break;
                        case 4:
                            expected.push_back(at(bottom, x));
                            break;
                        case 5:
                            expected.push_back(at(x, y));
                            break;
                        case 6:
                            expected.push_back(at(right, y));
                            break;
                        case 7:
                            expected.push_back(at(right, bottom));
                            break;
                        default:
                            expected.push_back(at(x, bottom));
                            break;
                    }
                }
            }
            EXPECT_LE(largest_difference(read(file, shape), expected), 6) << orientation;
        }
    }
}

TEST(Exif, DamagedDataStateNothing) {
    Bytes segment = {'E', 'x', 'i',  'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0,
                     1,   0,   0x12, 1,   3, 0, 1,   0,   0,  0, 6, 0, 0, 0};
    EXPECT_EQ(orientation_in_exif(segment), ExifOrientation::turned_right);
    EXPECT_EQ(orientation_in_exif(std::span(segment).subspan(6)), ExifOrientation::turned_right);
    for (std::size_t size = 0; size < segment.size(); ++size) {
        EXPECT_EQ(orientation_in_exif(std::span(segment).first(size)), std::nullopt) << size;
    }
    segment[24] = 9;
    EXPECT_EQ(orientation_in_exif(segment), ExifOrientation::upright);
    segment[8] = 41;
    EXPECT_EQ(orientation_in_exif(segment), std::nullopt);
    segment[8] = 42;
    for (std::size_t i = 10; i < 16; ++i) segment[i] = 0xff;
    EXPECT_EQ(orientation_in_exif(segment), std::nullopt);
}

TEST(Exif, XmpStatesAnOrientationToo) {
    const auto orientation = [](std::string_view text) {
        return orientation_in_xmp({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    };
    EXPECT_EQ(orientation("<a tiff:Orientation=\"8\"/>"), ExifOrientation::turned_left);
    EXPECT_EQ(orientation("<tiff:Orientation>3<"), ExifOrientation::upside_down);
    EXPECT_EQ(orientation("<tiff:Orientation>9<"), ExifOrientation::upright);
    EXPECT_EQ(orientation("<tiff:Orientation>"), std::nullopt);
    EXPECT_EQ(orientation("<tiff:Orientation>x"), std::nullopt);
    EXPECT_EQ(orientation(""), std::nullopt);
}

/// The bytes of a PNG chunk with its check sum; `length` may be a lie.
Bytes png_chunk(const std::string& kind, const Bytes& data, uint32_t length) {
    Bytes bytes;
    const auto put = [&](uint32_t value) {
        for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<uint8_t>(value >> shift));
    };
    put(length);
    bytes.insert(bytes.end(), kind.begin(), kind.end());
    bytes.insert(bytes.end(), data.begin(), data.end());
    const Bytes summed(bytes.begin() + 4, bytes.end());
    put(static_cast<uint32_t>(crc32(0, summed.data(), static_cast<uInt>(summed.size()))));
    return bytes;
}

Bytes png_chunk(const std::string& kind, const Bytes& data) {
    return png_chunk(kind, data, static_cast<uint32_t>(data.size()));
}

/// A grey PNG file of 8 x 8 pixels: the chunks between its header and its end.
Bytes png_of_chunks(const std::vector<Bytes>& chunks) {
    Bytes file = png_bytes({1, 8, 8}, Bytes(64, 9));
    file.resize(33);  // mark and header
    for (const Bytes& chunk : chunks) file.insert(file.end(), chunk.begin(), chunk.end());
    const Bytes end = png_chunk("IEND", {});
    file.insert(file.end(), end.begin(), end.end());
    return file;
}

Bytes deflated(std::size_t zeros) {
    const Bytes plain(zeros, 0);
    uLongf size = compressBound(static_cast<uLong>(zeros));
    Bytes packed(size);
    EXPECT_EQ(compress2(packed.data(), &size, plain.data(), static_cast<uLong>(zeros), 1), Z_OK);
    packed.resize(size);
    return packed;
}

int64_t peak_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return int64_t{usage.ru_maxrss} * 1024;
}

TEST_F(ImageFile, WhatAChunkClaimsTakesNoMemory) {
    const ImageShape shape{1, 8, 8};
    const int64_t before = peak_bytes();
    for (const std::string kind : {"iCCP", "tEXt", "zTXt", "tRNS", "PLTE", "IDAT", "eXIf", "abCd", "ABCD"}) {
        for (const uint32_t length : {0x7fffffffU, 0xffffffffU, 1000000U}) {
            const std::string file = write("claims.png", png_of_chunks({png_chunk(kind, Bytes(30), length)}));
            EXPECT_TRUE(contains(message_of<UserError>([&] { read(file, shape); }), "claims.png")) << kind;
        }
    }
    EXPECT_LT(peak_bytes() - before, 100'000'000);
}

TEST_F(ImageFile, WorkFollowsFromTheDeclaredPixels) {
    const ImageShape shape{1, 8, 8};
    constexpr std::size_t many = std::size_t{1} << 26;
    const auto start = std::chrono::steady_clock::now();
    const Bytes packed = deflated(many);
    const std::chrono::duration<double> packing = std::chrono::steady_clock::now() - start;
    const auto begin = std::chrono::steady_clock::now();
    // rows of zeros that never end, and a text and a profile that nobody asked for
    Bytes text = {'a', 0, 0}, profile = {'b', 0, 0};
    text.insert(text.end(), packed.begin(), packed.end());
    profile.insert(profile.end(), packed.begin(), packed.end());
    const Bytes image = png_chunk("IDAT", packed), rows = png_chunk("IDAT", deflated(72));
    const Bytes wanted(64, 0);
    EXPECT_EQ(read(write("rows.png", png_of_chunks({image})), shape), wanted);
    EXPECT_EQ(read(write("text.png", png_of_chunks({png_chunk("zTXt", text), rows})), shape), wanted);
    EXPECT_EQ(read(write("profile.png", png_of_chunks({png_chunk("iCCP", profile), rows})), shape), wanted);
    const std::chrono::duration<double> reading = std::chrono::steady_clock::now() - begin;
    EXPECT_LT(reading / packing, 0.2);
}

TEST_F(ImageFile, FewerRowsThanDeclaredAreAnError) {
    EXPECT_TRUE(contains(message_of<UserError>([&] {
                             read(write("few.png", png_of_chunks({png_chunk("IDAT", deflated(71))})), {1, 8, 8});
                         }),
                         "few.png"));
    EXPECT_TRUE(contains(message_of<UserError>([&] {
                             read(write("none.png", png_of_chunks({})), {1, 8, 8});
                         }),
                         "none.png"));
}

TEST_F(ImageFile, AJpegHasALimitedNumberOfScans) {
    const ImageShape shape{1, 16, 16};
    const std::string file = write("scans.jpg", jpeg_bytes(shape, smooth_pixels(shape, 1), {.most_scans = true}));
    EXPECT_EQ(message_of<UserError>([&] { read(file, shape); }),
              "cannot read the image " + file + ": expected at most 100 scans, got more");
}

TEST_F(ImageFile, AnotherFormatIsNamed) {
    const std::vector<std::pair<std::string, std::string>> formats = {
        {"GIF89a\1\2", "a GIF image"},
        {"RIFF\1\2\3\4WEBPVP8 ", "a WebP image"},
        {"BM\1\2", "a BMP image"},
        {{"II\x2a\0\1", 5}, "a TIFF image"},
        {{"MM\0\x2a\1", 5}, "a TIFF image"},
        {{"\0\0\0\x18"
          "ftypheic",
          12},
         "a HEIC image"},
        {{"\0\0\0\x18"
          "ftypavif",
          12},
         "an AVIF image"},
        {"<svg >", "an SVG or XML file"},
    };
    for (const auto& [start, name] : formats) {
        const std::string file = write("other.jpg", Bytes(start.begin(), start.end()));
        EXPECT_TRUE(is_image_file(file)) << name;
        EXPECT_EQ(message_of<UserError>([&] {
                      read(file, {1, 8, 8});
                  }),
                  "expected a PNG or JPEG image in " + file + ", found " + name);
    }
}

TEST_F(ImageFile, AJpegCutShortAnywhereIsRefused) {
    const ImageShape shape{3, 24, 40};
    for (const bool progressive : {false, true}) {
        const Bytes whole = jpeg_bytes(shape, smooth_pixels(shape, 3), {.progressive = progressive});
        for (std::size_t size = 0; size < whole.size(); size += size + 40 < whole.size() ? 7 : 1) {
            const std::string file =
                write("cut.jpg", Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
            EXPECT_TRUE(contains(message_of<UserError>([&] { read(file, shape); }), "cut.jpg")) << size;
        }
    }
}

TEST_F(ImageFile, DamagedFilesNeverCrash) {
    const ImageShape shape{3, 24, 40}, small{3, 8, 8};
    const Bytes pixels = smooth_pixels(shape, 3);
    for (const Bytes& whole : {jpeg_bytes(shape, pixels, {.exif_orientation = 6}), png_bytes(shape, pixels)}) {
        for (std::size_t i = 0; i < whole.size(); ++i) {
            Bytes changed = whole;
            changed[i] = static_cast<uint8_t>(changed[i] ^ (i % 2 == 0 ? 0xff : 0x10));
            const std::string file = write("damaged", changed);
            try {
                read(file, small);
            } catch (const UserError& error) {
                EXPECT_TRUE(contains(error.what(), "damaged"));
            }
        }
    }
}

TEST_F(ImageFile, DeclaredSizesAreHeldAgainstALimit) {
    Bytes jpeg = jpeg_bytes({1, 8, 8}, Bytes(64, 9));
    for (std::size_t i = 0; i + 8 < jpeg.size(); ++i) {
        if (jpeg[i] != 0xff || jpeg[i + 1] != 0xc0) continue;
        for (std::size_t j = i + 5; j < i + 9; ++j) jpeg[j] = j % 2 == (i + 5) % 2 ? 0xea : 0x60;  // 60,000
    }
    EXPECT_EQ(
        message_of<UserError>([&] {
            read(write("huge.jpg", jpeg), {1, 8, 8});
        }),
        "cannot read the image " + (folder_ / "huge.jpg") + ": expected at most 67108864 pixels, got 60000 x 60000");
    for (std::size_t i = 0; i + 8 < jpeg.size(); ++i) {
        if (jpeg[i] == 0xff && jpeg[i + 1] == 0xc0)
            std::fill_n(jpeg.begin() + static_cast<std::ptrdiff_t>(i) + 5, 4, 0);
    }
    EXPECT_TRUE(contains(message_of<UserError>([&] { read(write("none.jpg", jpeg), {1, 8, 8}); }), "none.jpg"));
    // PNG headers with sizes of their own and the right check sum
    const auto png_with_size = [](uint32_t side) {
        Bytes png = png_bytes({1, 8, 8}, Bytes(64, 9));
        for (std::size_t place : {16U, 20U}) {
            for (int i = 0; i < 4; ++i)
                png[place + static_cast<std::size_t>(i)] = static_cast<uint8_t>(side >> (24 - 8 * i));
        }
        uint32_t sum = 0xffffffffU;
        for (std::size_t i = 12; i < 29; ++i) {
            sum ^= png[i];
            for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ (sum & 1U ? 0xedb88320U : 0U);
        }
        for (int i = 0; i < 4; ++i) png[29 + static_cast<std::size_t>(i)] = static_cast<uint8_t>(~sum >> (24 - 8 * i));
        return png;
    };
    EXPECT_TRUE(contains(message_of<UserError>([&] {
                             read(write("huge.png", png_with_size(60000)), {1, 8, 8});
                         }),
                         "huge.png: expected at most 67108864 pixels, got 60000 x 60000"));
    EXPECT_TRUE(contains(message_of<UserError>([&] {
                             read(write("none.png", png_with_size(0)), {1, 8, 8});
                         }),
                         "none.png"));
}

TEST_F(ImageFile, WhatIsNoImageIsRefused) {
    const ImageShape shape{1, 8, 8};
    EXPECT_EQ(message_of<UserError>([&] {
                  read(write("text.jpg", {'h', 'e', 'l', 'l', 'o'}), shape);
              }),
              "expected a PNG or JPEG image in " + (folder_ / "text.jpg") + ", found something else");
    EXPECT_EQ(message_of<UserError>([&] { read(write("empty.png", {}), shape); }),
              "expected a PNG or JPEG image in " + (folder_ / "empty.png") + ", found an empty file");
    EXPECT_TRUE(contains(message_of<UserError>([&] { read(folder_ / "missing.png", shape); }), "missing.png"));
    EXPECT_TRUE(contains(message_of<UserError>([&] { read(folder_.path(), shape); }), "not a regular file"));
    EXPECT_FALSE(is_image_file(folder_ / "text.jpg"));
    EXPECT_TRUE(is_image_file(write("a.bin", png_bytes(shape, Bytes(64)))));
    EXPECT_TRUE(is_image_file(write("b.bin", jpeg_bytes(shape, Bytes(64)))));
}

}  // namespace
}  // namespace heed::image_file_test
