#include "heed/datasets/text/plain/plain_text.h"

#include <gtest/gtest.h>

#include <numeric>

#include "heed/core/error.h"
#include "heed/datasets/text/plain/line_tokens.h"
#include "heed/datasets/text/plain/token_windows.h"
#include "heed/datasets/text/sets/plain_text_set.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::plain_text_test {
namespace {

using Strings = std::vector<std::string>;

Strings documents(std::string_view content, const char* end) {
    Strings result;
    for (const std::string_view document : documents_of(content, document_end(end))) result.emplace_back(document);
    return result;
}

std::unique_ptr<Tokenizer> tokenizer(const char* type, std::vector<std::string_view> texts) {
    TokenizerOptions options;
    options.type = type;
    return train_tokenizer(options, texts);
}

/// Opens plain_text with these settings; relative files are in the folder.
PlainTextData open(const TemporaryFolder& folder, const std::vector<std::pair<std::string, std::string>>& settings,
                   TextBytes bytes = TextBytes::any) {
    const PlainTextSet& set = plain_text_set("plain_text");
    const auto options = set.make_options();
    Fields fields;
    options->describe(fields);
    for (const auto& [name, value] : settings) EXPECT_EQ(fields.find(name)->set_from_text(value), "") << name;
    options->root = folder.path();
    return set.open(*options, bytes);
}

TEST(Documents, AreCutWhereTheirEndsAreAndLoseNothing) {
    EXPECT_EQ(documents("a\n\nb", "one"), (Strings{"a\n\nb"}));
    EXPECT_EQ(documents("a\n\nb", "lines"), (Strings{"a\n", "\n", "b"}));
    EXPECT_EQ(documents("a\n", "lines"), (Strings{"a\n"}));
    EXPECT_EQ(documents("", "lines"), Strings{});
    const std::string first = " \n = One = \n \n text\n \n = = Section = = \n \n more = \n",
                      second = " = Two = \n \n x";
    EXPECT_EQ(documents(first + " \n" + second, "articles"), (Strings{first + " \n", second}));
    EXPECT_EQ(documents("before\n \n" + second, "articles"), (Strings{"before\n \n", second}));
    EXPECT_EQ(documents("a = b = \n = No title = \nas no blank line is before it", "articles").size(), 1U);
}

TEST(TakeEnd, CutsOneTextBetweenCharactersAndSeveralBetweenDocuments) {
    PlainText text{{"0123456789"}};
    EXPECT_EQ(take_end(text, 0.3, "data.test").documents, (Strings{"789"}));
    EXPECT_EQ(text.documents, (Strings{"0123456"}));
    PlainText accents{{"aaaaa\xc3\xb1zzz"}};  // the cut would be in the middle of the letter
    EXPECT_EQ(take_end(accents, 1.0 / 3, "data.test").documents, (Strings{"zzz"}));
    PlainText several{{"aaaa", "bbbb", "c"}};
    EXPECT_EQ(take_end(several, 0.2, "data.test").documents, (Strings{"c"}));
    EXPECT_EQ(take_end(several, 0.0, "data.test").size(), 0);
    EXPECT_TRUE(contains(message_of<UserError>([&] { take_end(several, 0.01, "data.test"); }),
                         "data.test 0.01 takes 0 of 8 bytes in documents, which stay whole"));
}

TEST(ByteTokenizer, GivesEverySequenceOfBytesBack) {
    const auto bytes = tokenizer("byte", {});
    std::string all(256, '\0');
    std::iota(all.begin(), all.end(), '\0');
    const std::vector<int32_t> ids = bytes->encode(all);
    ASSERT_EQ(ids.size(), 256U);
    for (int32_t i = 0; i < 256; ++i) EXPECT_EQ(ids[static_cast<size_t>(i)], i);
    EXPECT_EQ(bytes->decode(ids), all);
    EXPECT_EQ(bytes->vocabulary_size(), 256);
    EXPECT_EQ(bytes->token('a') + bytes->token('\n'), "a<0x0A>");
    EXPECT_EQ(load_tokenizer("byte", bytes->serialized())->decode(ids), all);
    EXPECT_TRUE(contains(message_of<UserError>([] { load_tokenizer("byte", "other"); }), "damaged"));
    EncodeReport report;
    EXPECT_TRUE(contains(message_of<UserError>([&] { encode_text(*bytes, "a", {.begin = true}, report); }),
                         "byte has no special tokens"));
    EXPECT_EQ(encode_text(*bytes, "", {}, report), (std::vector<int32_t>{0}));
}

TEST(LineTokens, HaveTheEndTokenForTheEndOfALine) {
    const auto words = tokenizer("word", {"one two three"});
    EncodeReport report;
    const std::vector<int32_t> ids = encode_lines(*words, "one two\n\nthree four", report);
    const int32_t end = words->special().end, unknown = words->special().unknown;
    ASSERT_EQ(ids.size(), 6U);
    EXPECT_EQ((std::vector<int32_t>{ids[2], ids[3], ids[5]}), (std::vector<int32_t>{end, end, unknown}));
    EXPECT_EQ(decode_lines(*words, std::span(ids).first(5)), "one two\n\nthree");
    EXPECT_EQ(report.tokens, 6);
    EXPECT_EQ(report.unknown, 1);
    const auto bytes = tokenizer("byte", {});
    EXPECT_EQ(decode_lines(*bytes, encode_lines(*bytes, "a\n\xff\n", report)), "a\n\xff\n");
}

TEST(TokenWindows, CountEachTokenOnceAndEndWithTheDocument) {
    std::vector<int32_t> ids(12);
    std::iota(ids.begin(), ids.end(), 0);
    EncodedTexts texts;
    texts.add(ids);                         // 11 outputs
    texts.add(std::vector<int32_t>{5});     // none
    texts.add(std::vector<int32_t>{8, 9});  // one
    for (const int64_t stride : {1, 2, 4}) {
        const TokenWindows windows(texts, {.context = 4, .stride = stride});
        EXPECT_EQ(windows.counted(), 12) << stride;
        std::vector<int64_t> all(static_cast<size_t>(windows.size()));
        std::iota(all.begin(), all.end(), 0);
        WindowBatch batch;
        windows.fill(batch, all, 99);
        EXPECT_EQ(batch.counted, 12);
        EXPECT_EQ(batch.inputs.columns, 4);
        std::vector<int32_t> said;
        for (size_t i = 0; i < batch.outputs.size(); ++i) {
            if (batch.outputs[i] < 0) continue;
            said.push_back(batch.outputs[i]);
            EXPECT_EQ(batch.outputs[i], batch.inputs.ids[i] + 1);
        }
        EXPECT_EQ(said, (std::vector<int32_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 9})) << stride;
        EXPECT_EQ(windows.lengths().back(), 1);
        EXPECT_EQ(batch.inputs.ids.back(), 99);
    }
    const TokenWindows trained(texts, {.context = 4, .stride = 4, .count_once = false});
    EXPECT_EQ(trained.lengths(), (std::vector<int32_t>{4, 4, 4, 1}));
    WindowBatch batch;
    const std::vector<int64_t> last = {2};
    trained.fill(batch, last, 0, 6);
    EXPECT_EQ(batch.inputs.ids, (std::vector<int32_t>{7, 8, 9, 10, 0, 0}));
    EXPECT_EQ(batch.outputs, (std::vector<int32_t>{8, 9, 10, 11, -1, -1}));
}

TEST(PlainText, ReadsFilesFoldersAndParts) {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder / "more");
    write_text(folder / "a.txt", "first file\n");
    write_text(folder / "more/2.txt", "second\n");
    write_text(folder / "more/1.txt", "third");
    const auto data = open(folder, {{"train_files", "[a.txt, more]"}, {"test", "0.25"}, {"validation", "0.25"}});
    EXPECT_EQ(data.train.documents, (Strings{"first file\n"}));
    EXPECT_EQ(data.validation.documents, (Strings{"thirds"}));
    EXPECT_EQ(data.test.documents, (Strings{"econd\n"}));
    const auto files =
        open(folder, {{"train_files", "[a.txt, more]"}, {"documents", "files"}, {"validation", "0"}, {"test", "0.3"}});
    EXPECT_EQ(files.train.documents, (Strings{"first file\n", "third"}));
    EXPECT_EQ(files.test.documents, (Strings{"second\n"}));
    EXPECT_TRUE(files.validation.documents.empty());
    EXPECT_EQ(fingerprint(files.validation), "");
    EXPECT_NE(fingerprint(files.train), fingerprint(data.train));
}

TEST(PlainText, RefusesWhatCannotBe) {
    const TemporaryFolder folder;
    const std::string line(80, 'x');
    write_text(folder / "good.txt", line + "\nother text\n");
    write_text(folder / "copy.txt", line + "\nother text\n");
    write_text(folder / "overlap.txt", line + "\nwhat only this has\n");
    write_text(folder / "empty.txt", "");
    write_text(folder / "broken.txt", "good\nb\xff\n");
    const auto refusal = [&](const std::string& files, const std::string& test, TextBytes bytes = TextBytes::any) {
        return message_of<UserError>([&] { open(folder, {{"train_files", files}, {"test_files", test}}, bytes); });
    };
    EXPECT_TRUE(contains(refusal("[]", "[]"), "data.train_files is missing"));
    EXPECT_TRUE(contains(refusal("[empty.txt]", "[]"), "found an empty file"));
    EXPECT_TRUE(contains(refusal("[nowhere.txt]", "[]"), "nowhere.txt"));
    EXPECT_TRUE(
        contains(refusal("[broken.txt]", "[good.txt]", TextBytes::utf8), "broken.txt', line 2: expected UTF-8"));
    EXPECT_EQ(refusal("[broken.txt]", "[good.txt]"), "(nothing thrown)");
    EXPECT_TRUE(contains(refusal("[good.txt]", "[copy.txt]"), "the test text is the same"));
    const auto data =
        open(folder, {{"train_files", "[good.txt]"}, {"test_files", "[overlap.txt]"}, {"validation", "0.1"}});
    ASSERT_EQ(data.remarks.size(), 1U);
    EXPECT_TRUE(contains(data.remarks[0], "warning: 1 of the 1 test lines of 64 bytes and more"));
}

}  // namespace
}  // namespace heed::test::plain_text_test
