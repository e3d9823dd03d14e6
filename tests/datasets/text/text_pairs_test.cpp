#include "heed/datasets/text/sets/text_pairs.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/text/sets/parallel_data_set.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::text_pairs_test {
namespace {

namespace fs = std::filesystem;
using Settings = std::vector<std::pair<std::string, std::string>>;

class TextPairs : public testing::Test {
protected:
    TextPairs() {
        fs::current_path(scratch_.path());
        unsetenv("HEED_DATA");
    }
    ~TextPairs() override { fs::current_path(home_); }

    static std::unique_ptr<ParallelDataOptions> options(const Settings& settings) {
        auto options = parallel_data_set("text_pairs").make_options();
        Fields fields;
        options->describe(fields);
        for (const auto& [key, value] : settings) EXPECT_EQ(fields.find(key)->set_from_text(value), "") << key;
        return options;
    }
    static ParallelData open(Settings settings) {
        settings.insert(settings.begin(),
                        {{"train_file", "train.jsonl"}, {"source", "article"}, {"target", "summary"}});
        return parallel_data_set("text_pairs").open(*options(settings));
    }
    static std::string refusal(const Settings& settings = {}) {
        return message_of<UserError>([&] { open(settings); });
    }
    /// The error of a second line.
    static std::string refusal_of(const std::string& line) {
        write_text("train.jsonl", R"({"article": "a", "summary": "b"})"
                                  "\n" +
                                      line);
        return refusal();
    }
    static std::string lines(int from, int to) {
        std::string text;
        for (int i = from; i < to; ++i) {
            const std::string n = std::to_string(i);
            text += R"({"id": )" + n + R"(, "article": "one )" + n + R"(\ntwo", "summary": "sum )" + n + "\"}\n";
        }
        return text;
    }

    fs::path home_ = fs::current_path();
    TemporaryFolder scratch_;
};

TEST_F(TextPairs, FieldsAreChosenByNameAndKeepTheirLines) {
    write_text("train.jsonl", lines(0, 100));
    write_text("test.jsonl",
               "\xef\xbb\xbf"
               R"({"article": " first\r\nsecond\n\n", "summary": "s \"t\" \u00e9", "x": [1]})"
               "\r\n\r\n");
    const ParallelData data = open({{"test_file", "test.jsonl"}, {"validation", "0.1"}});
    EXPECT_EQ(data.name, "text_pairs");
    EXPECT_EQ(data.origin, "'train.jsonl', 'test.jsonl'");
    EXPECT_EQ(data.test.sources, (std::vector<std::string>{"first\r\nsecond"}));
    EXPECT_EQ(data.test.references, (std::vector<std::vector<std::string>>{{"s \"t\" \u00e9"}}));
    EXPECT_EQ(data.validation.size(), 10);
    EXPECT_EQ(data.train.size(), 90);
    EXPECT_TRUE(data.train.sources[0].starts_with("one ") && data.train.sources[0].ends_with("\ntwo"));
}

TEST_F(TextPairs, PartsAreSharesOrNumbersOfSources) {
    write_text("train.jsonl", lines(0, 60));
    const ParallelData usual = open({});
    EXPECT_EQ(usual.test.size(), 3);
    EXPECT_EQ(usual.validation.size(), 3);
    const ParallelData given = open({{"test", "7"}, {"validation", "0"}});
    EXPECT_EQ(given.test.size(), 7);
    EXPECT_EQ(given.validation.size(), 0);
    EXPECT_EQ(open({{"test", "0.001"}}).test.size(), 1);
    EXPECT_EQ(
        refusal({{"test", "1.5"}}),
        "data.test expects a number of sentences up to 10000000, or a share of all below 1 (10% or 0.1), got \"1.5\"");
    for (const char* none : {"100%", "-1", "some", ""})
        EXPECT_TRUE(contains(refusal({{"test", none}}), "data.test expects a number"));
    EXPECT_EQ(refusal({{"test", "0"}}), "data.test expects at least one sentence, got 0");
    EXPECT_EQ(open({{"test", "10%"}}).test.size(), 6);
    EXPECT_TRUE(contains(refusal({{"test", "0.9"}, {"validation", "50%"}}), "24 are missing"));
    write_text("validation.jsonl", lines(60, 65));
    EXPECT_EQ(open({{"validation_file", "validation.jsonl"}}).validation.size(), 5);
    write_text("validation.jsonl", lines(0, 60));
    EXPECT_TRUE(contains(refusal({{"validation_file", "validation.jsonl"}}), "holds the same pairs as"));
}

TEST_F(TextPairs, BadLinesAreNamedByFileLineAndField) {
    const std::string at = "'train.jsonl', line 2: ";
    EXPECT_TRUE(refusal_of("not json").starts_with(at + "expected a JSON object, found \"not json\" at byte 2"));
    EXPECT_EQ(refusal_of("[1, 2]"), at + "expected a JSON object, found \"[1, 2]\"");
    EXPECT_EQ(refusal_of(R"({"article": "a", "sumary": "b"})"),
              at + R"(expected a key "summary", found article and sumary (did you mean sumary?))");
    EXPECT_EQ(refusal_of("{}"), at + R"(expected a key "article", found none)");
    EXPECT_EQ(refusal_of(R"({"article": "a", "summary": 3})"), at + R"(expected text at key "summary", found number)");
    EXPECT_EQ(refusal_of(R"({"article": ["a"], "summary": "b"})"),
              at + R"(expected text at key "article", found array)");
    EXPECT_EQ(refusal_of(R"({"article": null, "summary": "b"})"), at + R"(expected text at key "article", found null)");
    EXPECT_EQ(refusal_of(R"({"article": "a", "summary": " \n"})"),
              at + R"(expected a text in "summary", found an empty one (data.empty skip leaves such rows out))");
    EXPECT_TRUE(refusal_of("{\"article\": \"\xff\", \"summary\": \"b\"}").starts_with(at + "expected UTF-8 text"));
    EXPECT_TRUE(refusal_of(R"({"article": "\ud800", "summary": "b"})").starts_with(at));
    EXPECT_TRUE(refusal_of(R"({"article": "a\u0000", "summary": "b"})").starts_with(at + "expected UTF-8 text at key"));
    EXPECT_TRUE(refusal_of(R"({"article": "a", "summary": "cut sho)").starts_with(at + "expected a JSON object"));
    EXPECT_TRUE(contains(refusal_of(R"({"article": "a", "summary": "b", "summary": "c"})"), "each key once"));
    write_text("train.jsonl", "");
    EXPECT_EQ(refusal(), "expected pairs of texts in 'train.jsonl', found none");
}

TEST_F(TextPairs, AnEmptyTextIsLeftOutAndCountedWhereThatIsAsked) {
    write_text("train.jsonl", lines(0, 40) + R"({"article": "", "summary": "b"})"
                                             "\n");
    EXPECT_EQ(open({{"empty", "skip"}}).corpora[0].left_out, 1);
}

TEST_F(TextPairs, SettingsThatCannotBeAreRefused) {
    write_text("train.jsonl", lines(0, 10));
    EXPECT_TRUE(contains(refusal({{"train_file", ""}}), "data.train_file is missing: the data set text_pairs"));
    EXPECT_EQ(refusal({{"target", "article"}}),
              "data.source and data.target expect different columns, got \"article\" for both");
    EXPECT_EQ(refusal({{"format", "jsonl"}, {"separator", "pipe"}}),
              "data.separator pipe is for CSV files, but data.format is jsonl");
    EXPECT_EQ(refusal({{"source_length", "3"}}), "data.source_length expects at least 4 tokens, or 0, got 3");
    EXPECT_TRUE(contains(refusal({{"train_file", "train.parquet"}}), "train.parquet"));
}

TEST_F(TextPairs, CsvIsReadAsWell) {
    std::string rows = "article;note;summary\n";
    for (int i = 0; i < 20; ++i) rows += "\"a " + std::to_string(i) + ";\nb\";x;s " + std::to_string(i) + "\n";
    write_text("train.jsonl", rows);
    const ParallelData data = open({{"separator", "semicolon"}});
    EXPECT_EQ(data.train.size() + data.held_back, 20);
    EXPECT_TRUE(contains(data.train.sources[0], ";\nb"));
}

TEST_F(TextPairs, SourcesAloneAreReadForAnswers) {
    write_text("new.jsonl", R"({"text": " a\nb "})"
                            "\n\n"
                            R"({"text": ""})"
                            "\n");
    const std::vector<SourceRow> rows = read_source_rows("new.jsonl", *options({{"source", "text"}}));
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].text, "a\nb");
    EXPECT_EQ(rows[1].text, "");
    EXPECT_EQ(rows[1].line, 3);
    EXPECT_TRUE(contains(
        message_of<UserError>([] { read_source_rows("new.jsonl", *parallel_data_set("en_es").make_options()); }),
        "expected a key \"source\", found text"));
}

TEST_F(TextPairs, LengthsAreSaidAsTheyWereGiven) {
    const auto one = options({{"length", "50"}});
    EXPECT_EQ(one->lengths_text(), "data.length 50");
    const auto two = options({{"length", "50"}, {"source_length", "4096"}, {"too_long", "cut_source"}});
    EXPECT_EQ(two->lengths_text(), "data.source_length 4096 and data.length 50");
    EXPECT_EQ(two->longest_source(), 4096);
    EXPECT_EQ(two->longest_target(), 50);
    EXPECT_FALSE(two->skips_long_sources());
    EXPECT_TRUE(two->skips_long_targets());
}

}  // namespace
}  // namespace heed::test::text_pairs_test
