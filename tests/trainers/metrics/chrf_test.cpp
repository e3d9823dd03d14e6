#include "heed/trainers/metrics/chrf.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "heed/core/error.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/trainers/metrics/bleu_cases.h"

namespace heed::chrf_test {
namespace {

using test::bleu_texts;
using test::BleuTexts;
using test::message_of;

class ChrfOfWordOrder : public testing::TestWithParam<int> {};

TEST_P(ChrfOfWordOrder, CorpusScoreEqualsSacrebleu) {
    const auto cases = test::read_bleu_cases().at("cases");
    EXPECT_GE(cases.size(), 200u);
    for (const auto& stored : cases) {
        const BleuTexts texts = bleu_texts(stored);
        const ChrfScore score = chrf(texts.hypotheses, texts.references, GetParam());
        const auto& expected = stored.at(fmt::format("chrf{}", GetParam()));
        SCOPED_TRACE(stored.at("name").get<std::string>());
        EXPECT_CLOSE(score.score, expected.at("score").get<double>(), 1e-11);
        EXPECT_EQ(score.text(), expected.at("text"));
    }
}

INSTANTIATE_TEST_SUITE_P(Chrf, ChrfOfWordOrder, testing::Values(0, 1, 2));

TEST(Chrf, WordOrdersOutsideOfTheDefinitionAreErrors) {
    const std::vector<std::string> one = {"a"};
    const std::vector<std::vector<std::string>> references = {{"a"}};
    EXPECT_EQ(message_of<Error>([&] { chrf(one, references, 3); }), "chrF expects a word order from 0 to 2, got 3");
    EXPECT_EQ(message_of<Error>([&] { chrf(one, references, -1); }), "chrF expects a word order from 0 to 2, got -1");
}

TEST(Chrf, ErrorsNameTheCounts) {
    const std::vector<std::string> two = {"a", "b"};
    const std::vector<std::vector<std::string>> one = {{"a"}};
    EXPECT_EQ(message_of<UserError>([&] { chrf(two, one); }),
              "chrF2 expects references for each hypothesis, got 2 hypotheses and 1 references");
    EXPECT_EQ(message_of<UserError>([&] { chrf({}, {}, 2); }),
              "chrF2++ expects at least one hypothesis, got 0 hypotheses and 0 references");
}

}  // namespace
}  // namespace heed::chrf_test
