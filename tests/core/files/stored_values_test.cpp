#include "heed/core/files/stored_values.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"

namespace heed::stored_values_test {
namespace {

using test::message_of;

constexpr float infinity = std::numeric_limits<float>::infinity();

template <class T>
StoredTensor stored(DType dtype, const std::vector<T>& values) {
    return {"w", dtype, {std::ssize(values)}, std::as_bytes(std::span(values))};
}

std::vector<uint32_t> bits(const std::vector<float>& values) {
    std::vector<uint32_t> result;
    for (const float value : values) result.push_back(std::bit_cast<uint32_t>(value));
    return result;
}

/// A file as the format's own library writes it: a tensor of every dtype, none aligned behind the odd header.
TEST(StoredValues, OfAFileOfAnotherWriter) {
    const std::string header = R"({"truth":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]},)"
                               R"("half":{"dtype":"F16","shape":[2,3],"data_offsets":[3,15]},)"
                               R"("brain":{"dtype":"BF16","shape":[2],"data_offsets":[15,19]},)"
                               R"("long":{"dtype":"I64","shape":[2],"data_offsets":[19,35]},)"
                               R"("double":{"dtype":"F64","shape":[1],"data_offsets":[35,43]},)"
                               R"("int":{"dtype":"I32","shape":[1],"data_offsets":[43,47]},)"
                               R"("byte":{"dtype":"U8","shape":[1],"data_offsets":[47,48]}})";
    const unsigned char data[] = {
        1,    0,    1,                                                           // truth
        0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b, 0x00, 0x7c, 0x00, 0xfc,  // half: 1, -2, 2^-24, 65504, inf, -inf
        0x80, 0x3f, 0x01, 0x80,                                                  // brain: 1, the smallest below 0
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0, 0, 0, 0,  // long: -1, 2^24
        0,    0,    0,    0,    0,    0,    0xf8, 0x3f,                                      // double: 1.5
        0xfe, 0xff, 0xff, 0xff,                                                              // int: -2
        200};                                                                                // byte
    const test::TemporaryFolder folder;
    const std::string path = folder / "other.safetensors";
    const uint64_t length = header.size();
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(&length), sizeof length)
        << header << std::string(reinterpret_cast<const char*>(data), sizeof data);

    const SafetensorsFile file(path);
    using Floats = std::vector<float>;
    EXPECT_EQ(f32_values(file.at("truth")), (Floats{1, 0, 1}));
    EXPECT_EQ(f32_values(file.at("half")), (Floats{1, -2, 0x1p-24F, 65504, infinity, -infinity}));
    EXPECT_EQ(bits(f32_values(file.at("brain"))), (std::vector<uint32_t>{0x3F800000, 0x80010000}));
    EXPECT_EQ(f32_values(file.at("long")), (Floats{-1, 0x1p24F}));
    EXPECT_EQ(f32_values(file.at("double")), (Floats{1.5F}));
    EXPECT_EQ(f32_values(file.at("int")), (Floats{-2}));
    EXPECT_EQ(f32_values(file.at("byte")), (Floats{200}));
}

TEST(StoredValues, OfEveryHalf) {
    std::vector<uint16_t> halves(65536);
    for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i);
    const std::vector<float> values = f32_values(stored(DType::f16, halves));
    for (size_t i = 0; i < halves.size(); ++i) {
        const int exponent = static_cast<int>(i >> 10 & 31), fraction = static_cast<int>(i & 1023);
        const double size = exponent == 31  ? (fraction == 0 ? infinity : NAN)
                            : exponent == 0 ? std::ldexp(fraction, -24)
                                            : std::ldexp(1024 + fraction, exponent - 25);
        if (std::isnan(size)) {
            ASSERT_TRUE(std::isnan(values[i])) << i;
        } else {
            ASSERT_EQ(values[i], i < 32768 ? size : -size) << i;
        }
        ASSERT_EQ(std::signbit(values[i]), i >= 32768) << i;
    }
}

TEST(StoredValues, OfEveryBrainFloatAreItsUpperBits) {
    std::vector<uint16_t> values(65536);
    std::vector<uint32_t> expected;
    for (size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<uint16_t>(i);
        expected.push_back(static_cast<uint32_t>(i) << 16);
    }
    EXPECT_EQ(bits(f32_values(stored(DType::bf16, values))), expected);
}

TEST(StoredValues, OfF32KeepTheirBits) {
    const std::vector<uint32_t> patterns = {0,          1,          0x80000000, 0x7F800000,
                                            0xFF800000, 0x7FC00001, 0x7F800001, 0x00400000};
    EXPECT_EQ(bits(f32_values(stored(DType::f32, patterns))), patterns);
}

TEST(StoredValues, OfF64AreRoundedOrRefused) {
    const double largest = static_cast<double>(std::numeric_limits<float>::max());
    const std::vector<float> values =
        f32_values(stored<double>(DType::f64, {0.1, -0.0, largest, HUGE_VAL, -HUGE_VAL, std::nan(""), 0x1p-149}));
    EXPECT_EQ(values[0], 0.1F);
    EXPECT_TRUE(std::signbit(values[1]));
    EXPECT_EQ(values[2], std::numeric_limits<float>::max());
    EXPECT_EQ(values[3], infinity);
    EXPECT_EQ(values[4], -infinity);
    EXPECT_TRUE(std::isnan(values[5]));
    EXPECT_EQ(values[6], 0x1p-149F);
    for (const double beyond : {1e39, -1e300}) {
        EXPECT_TRUE(test::contains(message_of<UserError>([&] {
                                       f32_values(stored<double>(DType::f64, {0, beyond}));
                                   }),
                                   "which is beyond f32, at index 1"));
    }
}

TEST(StoredValues, OfIntegersAreExactOrRefused) {
    constexpr int64_t longest = std::numeric_limits<int64_t>::max();
    EXPECT_EQ(f32_values(stored<int64_t>(DType::i64, {1LL << 60, -longest - 1})),
              (std::vector<float>{0x1p60F, -0x1p63F}));
    for (const int64_t inexact : {(int64_t{1} << 24) + 1, longest, -(int64_t{1} << 53) - 1}) {
        EXPECT_EQ(message_of<UserError>([&] { f32_values(stored<int64_t>(DType::i64, {inexact})); }),
                  "tensor \"w\" holds " + std::to_string(inexact) + ", which f32 cannot hold exactly, at index 0");
    }
}

TEST(StoredValues, OfTruthValuesAreZeroAndOne) {
    EXPECT_EQ(message_of<UserError>([&] {
                  f32_values(stored<uint8_t>(DType::boolean, {1, 2}));
              }),
              "tensor \"w\" holds the truth value 2 at index 1");
}

TEST(StoredValues, MayBeNone) {
    EXPECT_TRUE(f32_values(stored<uint16_t>(DType::f16, {})).empty());
    EXPECT_TRUE(f32_values(stored<int64_t>(DType::i64, {})).empty());
}

}  // namespace
}  // namespace heed::stored_values_test
