#include "heed/datasets/text/token_batches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/text/encoded_texts.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/tests/support/message_of.h"

namespace heed::token_batches_test {
namespace {

using test::contains;
using test::message_of;
using Ids = std::vector<int32_t>;

/// Lengths from 1 to 60, by a formula.
std::vector<int32_t> some_lengths(int64_t count, int32_t salt = 0) {
    std::vector<int32_t> lengths;
    for (int64_t i = 0; i < count; ++i) lengths.push_back(1 + static_cast<int32_t>((i * i * 7 + i * 13 + salt) % 60));
    return lengths;
}

std::vector<int64_t> sorted(std::vector<int64_t> values) {
    std::sort(values.begin(), values.end());
    return values;
}

std::vector<int64_t> up_to(int64_t n) {
    std::vector<int64_t> result;
    for (int64_t i = 0; i < n; ++i) result.push_back(i);
    return result;
}

int64_t longest(std::span<const int64_t> batch, const std::vector<int32_t>& lengths) {
    int64_t result = 0;
    for (const int64_t sample : batch) result = std::max<int64_t>(result, lengths[static_cast<std::size_t>(sample)]);
    return result;
}

/// Share of places in an epoch's matrices that hold no token.
double padded_share(const TokenEpoch& epoch, const std::vector<int32_t>& lengths) {
    int64_t places = 0, tokens = 0;
    for (int64_t b = 0; b < epoch.batches(); ++b) {
        places += longest(epoch.batch(b), lengths) * std::ssize(epoch.batch(b));
        for (const int64_t sample : epoch.batch(b)) tokens += lengths[static_cast<std::size_t>(sample)];
    }
    return 1 - static_cast<double>(tokens) / static_cast<double>(places);
}

TEST(TokenBatches, EverySampleComesOnceInAnEpochWithinTheLimits) {
    const std::vector<int32_t> targets = some_lengths(1000), sources = some_lengths(1000, 31);
    const TokenBatches batches({0, 300, true, 4, 8}, targets, sources);
    for (const int64_t number : {0, 1, 7}) {
        const TokenEpoch epoch = batches.epoch(number);
        EXPECT_EQ(sorted(epoch.samples), up_to(1000));
        for (int64_t b = 0; b < epoch.batches(); ++b) {
            const auto batch = epoch.batch(b);
            EXPECT_FALSE(batch.empty());
            EXPECT_LE(std::max(longest(batch, targets), longest(batch, sources)) * std::ssize(batch), 300);
        }
    }
}

TEST(TokenBatches, ALimitOfTextsGivesTheUsualNumberOfBatches) {
    const TokenBatches batches({.texts = 16, .seed = 1, .window = 4}, some_lengths(1000));
    EXPECT_EQ(batches.epoch(0).batches(), 63);
    EXPECT_EQ(batches.epoch(5).batches(), 63);
    int64_t smaller = 0;
    const TokenEpoch epoch = batches.epoch(0);
    for (int64_t b = 0; b < epoch.batches(); ++b) smaller += epoch.batch(b).size() < 16 ? 1 : 0;
    EXPECT_EQ(smaller, 1);
}

TEST(TokenBatches, AnEpochIsAPureFunctionOfSeedAndNumber) {
    const std::vector<int32_t> lengths = some_lengths(500);
    const TokenBatches batches({.tokens = 200, .seed = 9}, lengths);
    EXPECT_EQ(batches.epoch(3).samples, TokenBatches({.tokens = 200, .seed = 9}, lengths).epoch(3).samples);
    EXPECT_EQ(batches.epoch(3).begins, TokenBatches({.tokens = 200, .seed = 9}, lengths).epoch(3).begins);
    EXPECT_NE(batches.epoch(3).samples, batches.epoch(4).samples);
    EXPECT_NE(batches.epoch(3).samples, TokenBatches({.tokens = 200, .seed = 10}, lengths).epoch(3).samples);
}

TEST(TokenBatches, BucketsSaveMostOfThePaddingAndStayMixed) {
    const std::vector<int32_t> lengths = some_lengths(4096);
    const double alone = padded_share(TokenBatches({.texts = 32, .seed = 1, .window = 1}, lengths).epoch(0), lengths);
    const TokenEpoch epoch = TokenBatches({.texts = 32, .seed = 1, .window = 64}, lengths).epoch(0);
    EXPECT_GT(alone, 0.4);
    EXPECT_LT(padded_share(epoch, lengths), 0.05);
    int64_t falls = 0;
    for (int64_t b = 1; b < epoch.batches(); ++b) {
        falls += longest(epoch.batch(b), lengths) < longest(epoch.batch(b - 1), lengths) ? 1 : 0;
    }
    EXPECT_GT(falls, epoch.batches() / 4) << "the batches are in shuffled order";
}

TEST(TokenBatches, WithoutShuffleTheyAreSorted) {
    const std::vector<int32_t> lengths = some_lengths(300);
    const TokenBatches batches({.texts = 7, .shuffle = false}, lengths);
    const TokenEpoch epoch = batches.epoch(0);
    EXPECT_EQ(epoch.samples, batches.epoch(1).samples);
    EXPECT_TRUE(std::is_sorted(epoch.samples.begin(), epoch.samples.end(), [&](int64_t a, int64_t b) {
        return lengths[static_cast<std::size_t>(a)] < lengths[static_cast<std::size_t>(b)];
    }));
}

TEST(TokenBatches, WithoutShuffleAndSortTheyAreConsecutive) {
    const std::vector<int32_t> lengths = some_lengths(300);
    const TokenEpoch texts = TokenBatches({.texts = 7, .shuffle = false, .sort = false}, lengths).epoch(4);
    EXPECT_EQ(texts.samples, up_to(300));
    ASSERT_EQ(texts.batches(), 43);
    for (int64_t b = 0; b < 43; ++b) EXPECT_EQ(std::ssize(texts.batch(b)), b < 42 ? 7 : 6);
    const TokenEpoch tokens = TokenBatches({.tokens = 60, .shuffle = false, .sort = false}, lengths).epoch(0);
    EXPECT_EQ(tokens.samples, up_to(300));
    for (int64_t b = 0; b + 1 < tokens.batches(); ++b) {
        std::vector<int64_t> more(tokens.batch(b).begin(), tokens.batch(b).end());
        EXPECT_LE(longest(more, lengths) * std::ssize(more), 60);
        more.push_back(more.back() + 1);
        EXPECT_GT(longest(more, lengths) * std::ssize(more), 60) << "one more would have fitted";
    }
}

TEST(TokenBatches, PartsTileABatch) {
    const TokenEpoch epoch = TokenBatches({.texts = 10, .seed = 3}, some_lengths(95)).epoch(2);
    for (const int64_t parts : {1, 3, 4, 12}) {
        std::vector<int64_t> together;
        for (int64_t b = 0; b < epoch.batches(); ++b) {
            for (int64_t part = 0; part < parts; ++part) {
                const auto samples = epoch.part(b, parts, part);
                together.insert(together.end(), samples.begin(), samples.end());
            }
        }
        EXPECT_EQ(together, epoch.samples);
    }
}

TEST(TokenBatches, WeightsSayHowOftenASampleComes) {
    std::vector<float> weights(900);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = i < 300 ? 0.25F : i < 600 ? 1 : 2.5F;
    const TokenBatches batches({.texts = 8, .seed = 2}, some_lengths(900), {}, weights);
    std::map<int64_t, int64_t> counts;
    for (int64_t number = 0; number < 40; ++number) {
        for (const int64_t sample : batches.epoch(number).samples) ++counts[sample];
    }
    int64_t rare = 0, frequent = 0;
    for (const auto& [sample, count] : counts) {
        if (sample < 300) {
            rare += count;
        } else if (sample < 600) {
            EXPECT_EQ(count, 40) << sample;
        } else {
            EXPECT_GE(count, 80);
            EXPECT_LE(count, 120);
            frequent += count;
        }
    }
    EXPECT_NEAR(static_cast<double>(rare) / (40 * 300), 0.25, 0.02);
    EXPECT_NEAR(static_cast<double>(frequent) / (40 * 300), 2.5, 0.02);
}

TEST(TokenBatches, ATextLongerThanABatchIsRefused) {
    EXPECT_TRUE(contains(message_of<UserError>([] {
                             TokenBatches({.tokens = 50}, {10, 51, 3});
                         }),
                         "data.tokens 50 is less than the 51 tokens of a single text"));
    EXPECT_TRUE(contains(message_of<UserError>([] { TokenBatches({.tokens = 50}, {10, 3}, {3, 60}); }), "60 tokens"));
    EXPECT_TRUE(contains(message_of<UserError>([] { TokenBatches({.tokens = 50}, {}); }), "at least one text"));
    EXPECT_TRUE(contains(message_of<Error>([] { TokenBatches({}, {1}); }), "out of range"));
    EXPECT_TRUE(contains(message_of<Error>([] { TokenBatches({.texts = 2}, {1, 2}, {1}); }), "out of range"));
}

class Encoding : public testing::Test {
protected:
    Encoding() {
        const std::vector<std::string_view> texts = {"a a a a b b b c c d"};
        tokenizer_ = train_tokenizer({}, texts);  // a b c d are 4 5 6 7
    }

    Ids encode(std::string_view text, const EncodeOptions& options) {
        return encode_text(*tokenizer_, text, options, report_);
    }

    std::unique_ptr<Tokenizer> tokenizer_;
    EncodeReport report_;
};

TEST_F(Encoding, CutsAtEitherEndAndKeepsSpecialTokens) {
    EXPECT_EQ(encode("a b c d", {}), (Ids{4, 5, 6, 7}));
    EXPECT_EQ(encode("a b c d", {.length = 4}), (Ids{4, 5, 6, 7}));
    EXPECT_EQ(report_.cut, 0);
    EXPECT_EQ(encode("a b c d", {.length = 3}), (Ids{4, 5, 6}));
    EXPECT_EQ(encode("a b c d", {.length = 3, .keep_tail = true}), (Ids{5, 6, 7}));
    EXPECT_EQ(encode("a b c d", {.length = 4, .begin = true, .end = true}), (Ids{2, 4, 5, 3}));
    EXPECT_EQ(encode("a b c d", {.length = 3, .keep_tail = true, .end = true}), (Ids{6, 7, 3}));
    EXPECT_EQ(encode("x !", {.begin = true}), (Ids{2, 1}));
    EXPECT_EQ(encode("!", {.end = true}), (Ids{1, 3})) << "no row is empty";
    EXPECT_EQ(report_.texts, 8);
    EXPECT_EQ(report_.tokens, 25);
    EXPECT_EQ(report_.unknown, 1);
    EXPECT_EQ(report_.cut, 4);
    EXPECT_EQ(report_.empty, 1);
    EXPECT_TRUE(
        contains(message_of<Error>([&] { encode("a", {.length = 2, .begin = true, .end = true}); }), "no room"));
}

TEST_F(Encoding, FillsPaddedMatrices) {
    const std::vector<std::string_view> texts = {"a b c", "d", "a b"};
    const EncodedTexts encoded = encode_texts(*tokenizer_, texts, {.begin = true, .end = true}, report_);
    EXPECT_EQ(encoded.tokens(), 12);
    EXPECT_EQ(encoded.lengths(), (Ids{5, 3, 4}));
    TokenMatrix matrix;
    const std::vector<int64_t> samples = {1, 2};
    fill_tokens(matrix, encoded, samples, 9);
    EXPECT_EQ(matrix.rows, 2);
    EXPECT_EQ(matrix.columns, 4);
    EXPECT_EQ(matrix.ids, (Ids{2, 7, 3, 9, 2, 4, 5, 3}));
    EXPECT_EQ(matrix.lengths, (Ids{3, 4}));
    fill_tokens(matrix, encoded, samples, 0, 0, 1);
    EXPECT_EQ(matrix.ids, (Ids{2, 7, 0, 2, 4, 5}));
    fill_tokens(matrix, encoded, samples, 0, 1, 0);
    EXPECT_EQ(matrix.ids, (Ids{7, 3, 0, 4, 5, 3}));
    EXPECT_EQ(matrix.lengths, (Ids{2, 3}));
    fill_tokens(matrix, encoded, {}, 0);
    EXPECT_EQ(matrix.rows, 0);
    EXPECT_TRUE(matrix.ids.empty());
}

TEST_F(Encoding, LongPairsAreSkippedOrCut) {
    const std::vector<std::string_view> sources = {"a b", "a b c d", "a"}, targets = {"d c", "d", "d c b a a"};
    const EncodeOptions source{.length = 3, .end = true}, target{.length = 4, .begin = true, .end = true};
    const EncodedPairs kept = encode_pairs(*tokenizer_, *tokenizer_, sources, targets, source, target, {true, true});
    EXPECT_EQ(kept.indices, (std::vector<int64_t>{0}));
    EXPECT_EQ(kept.skipped, 2);
    EXPECT_EQ(kept.kept(std::vector<float>{0.5F, 1, 2}), (std::vector<float>{0.5F}));
    EXPECT_EQ(kept.source_report.texts, 1);
    EXPECT_EQ(kept.target_report.cut, 0);
    const EncodedPairs cut = encode_pairs(*tokenizer_, *tokenizer_, sources, targets, source, target, {});
    EXPECT_EQ(cut.indices, (std::vector<int64_t>{0, 1, 2}));
    EXPECT_EQ(cut.skipped, 0);
    EXPECT_EQ(cut.source_report.cut, 1);
    EXPECT_EQ(cut.target_report.cut, 1);
    EXPECT_EQ(Ids(cut.targets.ids(2).begin(), cut.targets.ids(2).end()), (Ids{2, 7, 6, 3}));
    const EncodedPairs long_sources =
        encode_pairs(*tokenizer_, *tokenizer_, sources, targets, source, target, {.sources = false, .targets = true});
    EXPECT_EQ(long_sources.indices, (std::vector<int64_t>{0, 1}));
    EXPECT_EQ(long_sources.skipped, 1);
    EXPECT_EQ(long_sources.source_report.cut, 1);
    EXPECT_TRUE(contains(message_of<Error>([&] {
                             encode_pairs(*tokenizer_, *tokenizer_, sources, std::span(targets).first(2), source,
                                          target, {});
                         }),
                         "3 sources do not go with 2 targets"));
}

}  // namespace
}  // namespace heed::token_batches_test
