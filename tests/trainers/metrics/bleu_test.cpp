#include "heed/trainers/metrics/bleu.h"

#include <gtest/gtest.h>

#include "heed/core/error.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/trainers/metrics/bleu_cases.h"
#include "heed/trainers/metrics/python_text.h"
#include "heed/trainers/metrics/references.h"
#include "heed/trainers/metrics/tokenizer_13a.h"

namespace heed::bleu_test {
namespace {

using test::bleu_texts;
using test::BleuTexts;
using test::message_of;
using test::read_bleu_cases;

std::u32string joined(const std::vector<std::u32string_view>& words) {
    std::u32string text;
    for (std::u32string_view word : words) {
        if (!text.empty()) text.push_back(' ');
        text += word;
    }
    return text;
}

TEST(Bleu, CasesWereMadeByTheVersionOfTheSignature) {
    EXPECT_EQ(read_bleu_cases().at("sacrebleu"), compatible_sacrebleu);
}

TEST(Bleu, TokenisesAsSacrebleu) {
    const auto lines = read_bleu_cases().at("tokenized_13a");
    EXPECT_GE(lines.size(), 100u);
    for (const auto& line : lines) {
        const std::string text = line[0], expected = line[1];
        EXPECT_EQ(joined(python_split(separate_13a(python_text(text)))), python_text(expected)) << text;
    }
}

TEST(Bleu, CorpusScoreEqualsSacrebleu) {
    const auto cases = read_bleu_cases().at("cases");
    EXPECT_GE(cases.size(), 200u);
    for (const auto& stored : cases) {
        const BleuTexts texts = bleu_texts(stored);
        const BleuScore score = bleu(texts.hypotheses, texts.references);
        const auto& expected = stored.at("bleu");
        SCOPED_TRACE(stored.at("name").get<std::string>());
        EXPECT_CLOSE(score.score, expected.at("score").get<double>(), 1e-11);
        EXPECT_CLOSE(score.brevity_penalty, expected.at("brevity_penalty").get<double>(), 1e-11);
        EXPECT_EQ(score.hypothesis_length, expected.at("lengths")[0]);
        EXPECT_EQ(score.reference_length, expected.at("lengths")[1]);
        EXPECT_EQ(score.signature, expected.at("signature"));
        EXPECT_EQ(score.text(), expected.at("text"));
        for (int n = 0; n < bleu_order; ++n) {
            EXPECT_EQ(score.matches[n], expected.at("matches")[n]) << n;
            EXPECT_EQ(score.totals[n], expected.at("totals")[n]) << n;
            EXPECT_CLOSE(score.precisions[n], expected.at("precisions")[n].get<double>(), 1e-11) << n;
        }
    }
}

TEST(Bleu, SentenceScoreEqualsSacrebleu) {
    const auto cases = read_bleu_cases().at("cases");
    EXPECT_GE(cases.size(), 200u);
    for (const auto& stored : cases) {
        const BleuTexts texts = bleu_texts(stored);
        for (size_t i = 0; i < texts.hypotheses.size(); ++i) {
            EXPECT_CLOSE(sentence_bleu(texts.hypotheses[i], texts.references[i]).score,
                         stored.at("sentence_bleu")[i].get<double>(), 1e-11)
                << stored.at("name") << " " << i;
        }
    }
}

TEST(Bleu, SentenceSignatureHasEffectiveOrder) {
    EXPECT_EQ(sentence_bleu("a", {"a", "b"}).signature, "nrefs:2|case:mixed|eff:yes|tok:13a|smooth:exp|version:2.6.0");
}

TEST(Bleu, ErrorsNameTheCounts) {
    const std::vector<std::string> two = {"a", "b"};
    const std::vector<std::vector<std::string>> three = {{"a"}, {"b"}, {"c"}}, hole = {{"a"}, {}};
    EXPECT_EQ(message_of<UserError>([&] { bleu(two, three); }),
              "BLEU expects references for each hypothesis, got 2 hypotheses and 3 references");
    EXPECT_EQ(message_of<UserError>([&] { bleu({}, {}); }),
              "BLEU expects at least one hypothesis, got 0 hypotheses and 0 references");
    EXPECT_EQ(message_of<UserError>([&] { bleu(two, hole); }),
              "BLEU expects at least one reference for each hypothesis, got none for number 2");
}

// One line of a megabyte must take no more than linear work but for sorting.
TEST(Bleu, LongLine) {
    std::string line;
    while (line.size() < 1'000'000) line += "a.b, &lt;";
    const std::vector<std::string> hypotheses = {line};
    const std::vector<std::vector<std::string>> references = {{line}};
    EXPECT_CLOSE(bleu(hypotheses, references).score, 100.0, 1e-11);
}

}  // namespace
}  // namespace heed::bleu_test
