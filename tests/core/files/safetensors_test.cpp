#include "heed/core/files/safetensors.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <random>

#include "heed/core/error.h"
#include "heed/core/files/safetensors_header.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/restricted.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::safetensors_test {
namespace {

using test::begins_with;
using test::contains;
using test::message_of;
using test::read_text;
using test::write_text;

std::string file_text(const std::string& header, const std::string& data) {
    const uint64_t length = header.size();
    std::string text(sizeof length, '\0');
    std::memcpy(text.data(), &length, sizeof length);
    return text + header + data;
}

template <class T>
std::vector<T> values(const StoredTensor& tensor) {
    std::vector<T> result(tensor.bytes.size() / sizeof(T));
    std::memcpy(result.data(), tensor.bytes.data(), tensor.bytes.size());
    return result;
}

struct SafetensorsTest : testing::Test {
    test::TemporaryFolder folder;
    std::string path = folder / "model.safetensors";

    const std::vector<float> weight{1.0f, -2.5f, 3.0f, 0.0f, 1e-38f, 6.0f};
    const std::vector<uint8_t> pixels{1, 2, 255};
    const std::vector<int64_t> steps{-1, int64_t{1} << 40};
    const std::vector<int32_t> count{7};
    const std::vector<uint16_t> half{0x3f80, 0xc000};

    std::vector<TensorToStore> tensors() const {
        return {
            {"pixels", DType::u8, {3}, pixels.data()},  {"encoder.layers.0.weight", DType::f32, {2, 3}, weight.data()},
            {"half", DType::bf16, {2, 1}, half.data()}, {"count", DType::i32, {}, count.data()},
            {"steps", DType::i64, {2}, steps.data()},   {"empty", DType::f32, {0, 4}, nullptr}};
    }
    const std::map<std::string, std::string> metadata{{"recipe", "model: {type: vit}\n\"quoted\" \\ \u00e9\n"},
                                                      {"format_version", "1"}};

    /// A file that is small enough to be damaged in every place.
    std::string small_file() {
        write_safetensors(path, {{"w", DType::f32, {2, 1}, weight.data()}, {"p", DType::u8, {3}, pixels.data()}},
                          {{"format_version", "1"}});
        return read_text(path);
    }

    std::string error_for(const std::string& text) {
        write_text(path, text);
        return message_of<UserError>([&] { SafetensorsFile file(path); });
    }
    std::string error_for_header(const std::string& header, const std::string& data = "") {
        return error_for(file_text(header, data));
    }
};

TEST_F(SafetensorsTest, ReadsWhatItWrote) {
    write_safetensors(path, tensors(), metadata);
    const SafetensorsFile file(path);
    EXPECT_EQ(file.path(), path);
    EXPECT_EQ(file.metadata(), metadata);
    ASSERT_EQ(file.tensors().size(), 6u);
    EXPECT_EQ(values<float>(file.at("encoder.layers.0.weight")), weight);
    EXPECT_EQ(values<uint8_t>(file.at("pixels")), pixels);
    EXPECT_EQ(values<int64_t>(file.at("steps")), steps);
    EXPECT_EQ(values<int32_t>(file.at("count")), count);
    EXPECT_EQ(values<uint16_t>(file.at("half")), half);
    for (const TensorToStore& tensor : tensors()) {
        EXPECT_EQ(file.at(tensor.name).shape, tensor.shape) << tensor.name;
        EXPECT_EQ(file.at(tensor.name).dtype, tensor.dtype) << tensor.name;
        const auto address = reinterpret_cast<uintptr_t>(file.at(tensor.name).bytes.data());
        EXPECT_EQ(address % dtype_size(tensor.dtype), 0u) << tensor.name << " is not aligned";
    }
    EXPECT_EQ(file.find("decoder"), nullptr);
    EXPECT_EQ(message_of<UserError>([&] { file.at("step"); }), path + " has no tensor \"step\" (did you mean steps?)");
    EXPECT_EQ(folder.entries(), 1u);
}

TEST_F(SafetensorsTest, EqualInputGivesEqualBytesByTheFormat) {
    write_safetensors(path, {{"b", DType::u8, {2}, pixels.data()}, {"a", DType::i32, {1}, count.data()}},
                      {{"z", "1"}, {"y", "2"}});
    const std::string header =
        R"({"__metadata__":{"y":"2","z":"1"},"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]},)"
        R"("b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}})";
    const std::string padding((8 - header.size() % 8) % 8, ' ');
    EXPECT_EQ(read_text(path), file_text(header + padding, std::string("\7\0\0\0\1\2", 6)));
}

TEST_F(SafetensorsTest, AFileWithoutTensorsIsValid) {
    write_safetensors(path, {});
    EXPECT_EQ(read_text(path), file_text("{}      ", ""));
    EXPECT_TRUE(SafetensorsFile(path).tensors().empty());
}

TEST_F(SafetensorsTest, ReadsFilesOfOtherWriters) {
    // Unaligned, unordered, white space, no padding.
    const std::string header = R"({ "b" : {"shape":[], "data_offsets":[1, 5], "dtype":"I32"},
                                    "a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
    write_text(path, file_text(header, std::string("\x09\x2a\0\0\0", 5)));
    const SafetensorsFile file(path);
    ASSERT_EQ(file.tensors().size(), 2u);
    EXPECT_EQ(file.tensors()[0].name, "a");
    EXPECT_EQ(values<int32_t>(file.at("b")), std::vector<int32_t>{42});
    EXPECT_TRUE(file.metadata().empty());
}

TEST_F(SafetensorsTest, TheFileObjectCanBeMoved) {
    write_safetensors(path, tensors(), metadata);
    SafetensorsFile first(path);
    const SafetensorsFile second(std::move(first));
    EXPECT_EQ(values<float>(second.at("encoder.layers.0.weight")), weight);
}

TEST_F(SafetensorsTest, AnOpenFileSurvivesItsReplacement) {
    write_safetensors(path, tensors(), metadata);
    const SafetensorsFile file(path);
    write_safetensors(path, {});
    EXPECT_EQ(values<float>(file.at("encoder.layers.0.weight")), weight);
}

TEST_F(SafetensorsTest, RefusesToWriteNonsense) {
    const auto error = [&](const std::vector<TensorToStore>& list) {
        return message_of<Error>([&] { write_safetensors(path, list); });
    };
    const TensorToStore good{"count", DType::i32, {}, count.data()};
    EXPECT_TRUE(contains(error({good, good}), "\"count\""));
    EXPECT_TRUE(contains(error({{"", DType::i32, {}, count.data()}}), "empty"));
    EXPECT_TRUE(contains(error({{"__metadata__", DType::i32, {}, count.data()}}), "reserved"));
    EXPECT_TRUE(contains(error({{"x", DType::i32, {-1}, count.data()}}), "\"x\" has an impossible shape"));
    EXPECT_TRUE(contains(error({{"x", DType::i32, {1}, nullptr}}), "no data"));
    EXPECT_TRUE(contains(error({{"\xff", DType::i32, {}, count.data()}}), "not UTF-8"));
    EXPECT_TRUE(contains(message_of<Error>([&] { write_safetensors(path, {good}, {{"note", "\xff"}}); }), "not UTF-8"));
    EXPECT_EQ(folder.entries(), 0u);
}

TEST_F(SafetensorsTest, AFullDiskKeepsTheOldFile) {
    write_safetensors(path, tensors(), metadata);
    const std::string before = read_text(path);
    const std::vector<float> big(1000);
    {
        const test::FileSizeLimit limit(2000);
        EXPECT_TRUE(contains(message_of<Error>([&] {
                                 write_safetensors(path, {{"big", DType::f32, {1000}, big.data()}});
                             }),
                             "cannot write " + path));
    }
    EXPECT_EQ(read_text(path), before);
    EXPECT_EQ(folder.entries(), 1u);
}

TEST_F(SafetensorsTest, EveryTruncationIsAnErrorThatNamesTheFile) {
    const std::string whole = small_file();
    for (size_t length = 0; length < whole.size(); ++length) {
        const std::string message = error_for(whole.substr(0, length));
        EXPECT_TRUE(begins_with(message, path + " is truncated: ")) << length;
        EXPECT_TRUE(contains(message, "missing")) << length;
    }
    EXPECT_EQ(error_for(whole.substr(0, whole.size() - 5)), path + " is truncated: 5 bytes are missing");
    EXPECT_EQ(error_for(whole + "xy"), path + ": after the last tensor 2 bytes are left over");
}

TEST_F(SafetensorsTest, DamagedFilesAreReadOrRefusedButNeverCrash) {
    const std::string whole = small_file();
    const size_t data_at = whole.size() - 11;
    size_t refused = 0;
    for (size_t at = 0; at < whole.size(); ++at) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 4);  // turns a digit into another
        write_text(path, damaged);
        try {
            const SafetensorsFile file(path);
            size_t total = 0;
            for (const StoredTensor& tensor : file.tensors()) {
                for (const std::byte byte : tensor.bytes) total += static_cast<size_t>(byte);
            }
            EXPECT_GT(total, 0u);
        } catch (const UserError& error) {
            EXPECT_TRUE(contains(error.what(), path));
            EXPECT_LT(at, data_at) << "data bytes carry no redundancy";
            ++refused;
        }
    }
    EXPECT_GT(refused, data_at * 3 / 4) << "most damages of the header break it";
}

TEST_F(SafetensorsTest, FlippedBitsOfTheHeaderAreReadOrRefusedButNeverCrash) {
    const std::string whole = small_file();
    const std::string header = whole.substr(8, whole.size() - 8 - 11);
    ASSERT_EQ(parse_safetensors_header(header, path).data_bytes(), 11u);
    size_t refused = 0;
    for (size_t at = 0; at < header.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string flipped = header;
            flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
            try {
                parse_safetensors_header(flipped, path);
            } catch (const UserError& error) {
                EXPECT_TRUE(begins_with(error.what(), path));
                ++refused;
            }
        }
    }
    EXPECT_GT(refused, header.size() * 8 / 2);
}

TEST_F(SafetensorsTest, RandomHeadersNeverCrash) {
    const std::vector<std::string> pieces{"{",
                                          "}",
                                          "[",
                                          "]",
                                          ":",
                                          ",",
                                          "\"a\"",
                                          "\"b\"",
                                          "\"dtype\"",
                                          "\"F32\"",
                                          "\"shape\"",
                                          "\"data_offsets\"",
                                          "\"__metadata__\"",
                                          "0",
                                          "4",
                                          "-1",
                                          "1e999",
                                          "null",
                                          "true",
                                          "18446744073709551615",
                                          "9223372036854775807",
                                          "\"",
                                          "\\u0000",
                                          " "};
    std::mt19937 random(1);
    for (int i = 0; i < 3000; ++i) {
        std::string header = "{\"w\":{\"dtype\":";
        for (unsigned n = random() % 30; n > 0; --n) header += pieces[random() % pieces.size()];
        const std::string message = message_of<UserError>([&] { parse_safetensors_header(header, path); });
        EXPECT_TRUE(begins_with(message, path)) << header;
    }
}

TEST_F(SafetensorsTest, HeaderErrorsNameTheTensor) {
    const std::string four = "abcd";
    const auto entry = [](const std::string& fields) { return "{\"w\":{" + fields + "}}"; };
    const std::string tensor_w = path + ": tensor \"w\" ";
    EXPECT_EQ(error_for_header(entry(R"("dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4])"), four),
              tensor_w + "has dtype \"F8_E4M3\"; expected F32, F16, BF16, F64, I32, I64, U8 or BOOL");
    EXPECT_EQ(error_for_header(entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"), four),
              tensor_w + "needs 8 bytes by its shape and dtype, its data_offsets give 4");
    EXPECT_EQ(error_for_header(entry(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])"), four),
              tensor_w + "has data_offsets that are not two rising numbers");
    EXPECT_EQ(error_for_header(entry(R"("dtype":"F32","shape":[1],"data_offsets":[0,4,8])"), four),
              tensor_w + "has data_offsets that are not two rising numbers");
    EXPECT_EQ(error_for_header(entry(R"("dtype":"F32","shape":[1])"), four),
              tensor_w + "has not all of dtype, shape and data_offsets");
    EXPECT_EQ(error_for_header(entry(R"("dtype":"F32","shape":[1],"data_offsets":[0,4],"extra":1)"), four),
              tensor_w + "has the unknown key \"extra\"");
    EXPECT_EQ(error_for_header(entry(R"("dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4])"), four),
              tensor_w + "has dtype twice");
    EXPECT_EQ(error_for_header(entry(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])"), four),
              tensor_w + "has a negative number in its shape");
    EXPECT_EQ(error_for_header(entry(R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])"), four),
              tensor_w + "has a number that is not whole in its shape");
    EXPECT_EQ(error_for_header(entry(R"("dtype":"F32","shape":[[1]],"data_offsets":[0,4])"), four),
              tensor_w + "has a list in its shape");
    EXPECT_EQ(error_for_header(entry(R"("dtype":"F32","shape":4,"data_offsets":[0,4])"), four),
              tensor_w + "has a number as its shape");
    EXPECT_EQ(error_for_header(entry(R"("dtype":["F32"],"shape":[1],"data_offsets":[0,4])"), four),
              tensor_w + "has a list as its dtype");
    EXPECT_EQ(error_for_header(entry(R"("dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,4])"), four),
              tensor_w + "has a shape of too many elements");
    EXPECT_EQ(error_for_header(entry(R"("dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4])"), four),
              tensor_w + "has the number 18446744073709551615 in its shape");
    EXPECT_EQ(error_for_header(entry(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])"), four + four),
              tensor_w + "begins at byte 4 of the data; expected 0, where the one before it ends");
}

TEST_F(SafetensorsTest, OverlapsAndGapsAreErrors) {
    const auto two = [](const std::string& offsets) {
        return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":)" +
               offsets + "}}";
    };
    write_text(path, file_text(two("[4,8]"), "abcdefgh"));
    EXPECT_EQ(SafetensorsFile(path).tensors().size(), 2u);
    EXPECT_TRUE(contains(error_for_header(two("[2,6]"), "abcdef"), "\"b\" begins at byte 2 of the data; expected 4"));
    EXPECT_TRUE(contains(error_for_header(two("[0,4]"), "abcd"), "\"b\" begins at byte 0 of the data; expected 4"));
    EXPECT_TRUE(contains(error_for_header(two("[6,10]"), "abcdefghij"), "\"b\" begins at byte 6"));
    EXPECT_EQ(error_for_header(two("[4,8]"), "abcdef"), path + " is truncated: 2 bytes are missing");
}

TEST_F(SafetensorsTest, StructureErrors) {
    EXPECT_EQ(error_for_header("{\"a\":}      "), path + ": the header is not valid JSON at byte 6");
    EXPECT_TRUE(contains(error_for_header("{}{}"), "not valid JSON"));
    EXPECT_TRUE(contains(error_for_header("[]      "), "not a JSON object"));
    EXPECT_TRUE(contains(error_for_header(""), "not a JSON object"));
    EXPECT_TRUE(contains(error_for_header(" {}"), "not a JSON object"));
    EXPECT_TRUE(contains(error_for_header(std::string("{}\0x", 4)), "not a JSON object"));
    EXPECT_EQ(error_for_header(R"({"a":1})"), path + ": the header has a number as \"a\"; expected an object");
    EXPECT_EQ(error_for_header(R"({"a":[1]})"), path + ": the header has a list as \"a\"; expected an object");
    EXPECT_EQ(error_for_header(R"({"":{}})"), path + ": the header has a tensor without a name");
    EXPECT_EQ(error_for_header(R"({"__metadata__":{},"__metadata__":{}})"),
              path + ": \"__metadata__\" stands in the header twice");
    EXPECT_EQ(error_for_header(R"({"__metadata__":{"a":"1","a":"2"}})"),
              path + ": the metadata \"a\" stands in the header twice");
    EXPECT_EQ(error_for_header(R"({"__metadata__":{"a":1}})"),
              path + ": the metadata \"a\" is a number; expected a text");
    EXPECT_EQ(error_for_header(R"({"__metadata__":{"a":{}}})"),
              path + ": the metadata \"a\" is an object; expected a text");
    const std::string entry = R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
    EXPECT_EQ(error_for_header("{\"x\":" + entry + ",\"x\":" + entry + "}"),
              path + ": \"x\" stands in the header twice");
    EXPECT_TRUE(contains(error_for_header("{\"a\\u001b[31m\":1}"), "\"a\\x1b[31m\"")) << "no terminal codes in errors";
    EXPECT_TRUE(begins_with(error_for_header("{\"a\":" + std::string(200000, '[')), path));
}

TEST_F(SafetensorsTest, ImpossibleHeaderLengths) {
    EXPECT_EQ(error_for(std::string(7, '\xff')),
              path + " is truncated: a safetensors file begins with 8 bytes, 1 byte is missing");
    const std::string no_header = "expected a safetensors file, but " + path + " does not begin like one";
    EXPECT_EQ(error_for(std::string(20, '\xff')), no_header);
    EXPECT_EQ(error_for("an ordinary text file with some text in it"), no_header);
    EXPECT_EQ(error_for(std::string("\x0a\0\0\0\0\0\0\0{}", 10)),
              path + " is truncated: 8 bytes are missing in its header");
}

TEST_F(SafetensorsTest, FilesThatCannotBeRead) {
    EXPECT_EQ(message_of<UserError>([&] { SafetensorsFile file(path); }),
              "cannot read " + path + ": No such file or directory");
    EXPECT_EQ(message_of<UserError>([&] { SafetensorsFile file(folder.path()); }),
              "cannot read " + folder.path() + ": it is a folder");
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    EXPECT_EQ(message_of<UserError>([&] { SafetensorsFile file(path); }),
              "cannot read " + path + ": it is not a regular file");
}

}  // namespace
}  // namespace heed::safetensors_test
