#include "heed/datasets/text/encoded_texts.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/tests/support/message_of.h"

namespace heed::encoded_texts_test {
namespace {

using Ids = std::vector<int32_t>;

EncodedTexts encoded(const std::vector<Ids>& texts) {
    EncodedTexts result;
    for (const Ids& ids : texts) result.add(ids);
    return result;
}

Ids ids_of(const EncodedTexts& texts, int64_t index) {
    const auto ids = texts.ids(index);
    return {ids.begin(), ids.end()};
}

TEST(EncodedTexts, HoldsTextsOfAnyLength) {
    const std::vector<Ids> texts = {{5, 6, 7}, {}, {8}, {}, {9, 4}};
    const EncodedTexts all = encoded(texts);
    ASSERT_EQ(all.size(), 5);
    EXPECT_EQ(all.tokens(), 6);
    EXPECT_EQ(all.lengths(), (Ids{3, 0, 1, 0, 2}));
    for (int64_t i = 0; i < 5; ++i) {
        EXPECT_EQ(ids_of(all, i), texts[static_cast<std::size_t>(i)]);
        EXPECT_EQ(all.length(i), std::ssize(texts[static_cast<std::size_t>(i)]));
    }
    EXPECT_EQ(EncodedTexts().size(), 0);
    EXPECT_EQ(EncodedTexts().tokens(), 0);
    EXPECT_TRUE(EncodedTexts().lengths().empty());
}

TEST(FillTokens, TheMatrixIsAsWideAsAsked) {
    const EncodedTexts texts = encoded({{5, 6, 7}, {8}});
    const std::vector<int64_t> both = {0, 1}, second = {1};
    TokenMatrix matrix;
    fill_tokens(matrix, texts, second, 0, 0, 0, 3);
    EXPECT_EQ(matrix.columns, 3);
    EXPECT_EQ(matrix.ids, (Ids{8, 0, 0}));
    EXPECT_EQ(matrix.lengths, (Ids{1}));
    fill_tokens(matrix, texts, both, 0, 0, 0, 2);
    EXPECT_EQ(matrix.columns, 3) << "never less than the longest row";
    EXPECT_EQ(matrix.ids, (Ids{5, 6, 7, 8, 0, 0}));
}

TEST(FillTokens, NothingStaysOfTheMatrixBefore) {
    const EncodedTexts texts = encoded({{5, 6, 7, 8}, {9}, {4, 4}});
    const std::vector<int64_t> large = {0, 0, 0}, small = {2, 1};
    TokenMatrix used, fresh;
    fill_tokens(used, texts, large, 1);
    fill_tokens(used, texts, small, 3);
    fill_tokens(fresh, texts, small, 3);
    EXPECT_EQ(used.ids, (Ids{4, 4, 9, 3}));
    EXPECT_EQ(used.ids, fresh.ids);
    EXPECT_EQ(used.lengths, fresh.lengths);
    EXPECT_EQ(used.rows, 2);
    EXPECT_EQ(used.columns, 2);
}

TEST(FillTokens, SkippingMoreThanARowHoldsLeavesPaddingAlone) {
    const EncodedTexts texts = encoded({{5, 6, 7, 8}, {9}, {}});
    const std::vector<int64_t> all = {0, 1, 2};
    TokenMatrix matrix;
    fill_tokens(matrix, texts, all, 0, 1, 1);
    EXPECT_EQ(matrix.lengths, (Ids{2, 0, 0}));
    EXPECT_EQ(matrix.columns, 2);
    EXPECT_EQ(matrix.ids, (Ids{6, 7, 0, 0, 0, 0}));
}

TEST(FillTokens, InputAndAnswerOfADecoderAreOneTokenApart) {
    const EncodedTexts texts = encoded({{2, 5, 6, 3}, {2, 7, 3}});
    const std::vector<int64_t> both = {1, 0};
    TokenMatrix input, answer;
    fill_tokens(input, texts, both, 0, 0, 1);
    fill_tokens(answer, texts, both, 0, 1, 0);
    EXPECT_EQ(input.lengths, answer.lengths);
    for (int64_t row = 0; row < 2; ++row) {
        for (int64_t i = 0; i + 1 < input.lengths[static_cast<std::size_t>(row)]; ++i) {
            const auto place = static_cast<std::size_t>(row * input.columns + i);
            EXPECT_EQ(answer.ids[place], input.ids[place + 1]);
        }
    }
}

class EncodeText : public testing::Test {
protected:
    EncodeText() {
        const std::vector<std::string_view> texts = {"a a a a b b b c c d"};
        tokenizer_ = train_tokenizer({}, texts);  // a b c d are 4 5 6 7
    }

    std::unique_ptr<Tokenizer> tokenizer_;
    EncodeReport report_;
};

TEST_F(EncodeText, NeverExceedsTheLengthAndKeepsOneEnd) {
    const Ids whole = {4, 5, 6, 7, 4, 5};
    for (const bool begin : {false, true}) {
        for (const bool end : {false, true}) {
            for (const bool tail : {false, true}) {
                for (int64_t length = 1 + begin + end; length < 11; ++length) {
                    const EncodeOptions options{.length = length, .keep_tail = tail, .begin = begin, .end = end};
                    EncodeReport report;
                    Ids ids = encode_text(*tokenizer_, "a b c d a b", options, report);
                    ASSERT_LE(std::ssize(ids), length);
                    ASSERT_EQ(report.cut, std::ssize(whole) + begin + end > length ? 1 : 0);
                    if (begin) {
                        ASSERT_EQ(ids.front(), 2);
                        ids.erase(ids.begin());
                    }
                    if (end) {
                        ASSERT_EQ(ids.back(), 3);
                        ids.pop_back();
                    }
                    const Ids kept = tail ? Ids(whole.end() - std::ssize(ids), whole.end())
                                          : Ids(whole.begin(), whole.begin() + std::ssize(ids));
                    ASSERT_EQ(ids, kept);
                    ASSERT_EQ(std::ssize(ids), std::min<int64_t>(6, length - begin - end));
                }
            }
        }
    }
}

TEST_F(EncodeText, TheReportCountsWhatWasThereBeforeCutting) {
    const std::vector<std::string_view> texts = {"a zebra b yak", "", "  ", "c"};
    const EncodedTexts all = encode_texts(*tokenizer_, texts, {.length = 2, .end = true}, report_);
    EXPECT_EQ(all.lengths(), (Ids{2, 2, 2, 2})) << "a text without tokens is one unknown token";
    EXPECT_EQ(ids_of(all, 0), (Ids{4, 3}));
    EXPECT_EQ(ids_of(all, 1), (Ids{1, 3}));
    EXPECT_EQ(report_.texts, 4);
    EXPECT_EQ(report_.tokens, 5);
    EXPECT_EQ(report_.unknown, 2);
    EXPECT_EQ(report_.cut, 1);
    EXPECT_EQ(report_.empty, 2);
}

TEST_F(EncodeText, TextThatIsNotUtf8IsRefused) {
    const std::string message = test::message_of<UserError>([&] { encode_text(*tokenizer_, "a \xff b", {}, report_); });
    EXPECT_TRUE(test::contains(message, "UTF-8"));
    EXPECT_EQ(report_.texts, 0);
}

TEST_F(EncodeText, APairIsSkippedAsAWhole) {
    const std::vector<std::string_view> sources = {"a b c", "a", "b"}, targets = {"d", "a b c d", "c"};
    const EncodedPairs pairs =
        encode_pairs(*tokenizer_, *tokenizer_, sources, targets, {.length = 2}, {.length = 3}, {true, true});
    EXPECT_EQ(pairs.indices, (std::vector<int64_t>{2}));
    EXPECT_EQ(pairs.skipped, 2);
    EXPECT_EQ(pairs.sources.size(), 1);
    EXPECT_EQ(pairs.targets.size(), 1);
    EXPECT_EQ(ids_of(pairs.sources, 0), (Ids{5}));
    EXPECT_EQ(ids_of(pairs.targets, 0), (Ids{6}));
    EXPECT_EQ(pairs.source_report.tokens, 1);
    EXPECT_EQ(encode_pairs(*tokenizer_, *tokenizer_, {}, {}, {}, {}, {}).sources.size(), 0);
}

}  // namespace
}  // namespace heed::encoded_texts_test
