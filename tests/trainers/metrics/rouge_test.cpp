#include "heed/trainers/metrics/rouge.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/metrics/common_subsequence.h"

namespace heed::test::rouge_test {
namespace {

nlohmann::json stored_cases() {
    return nlohmann::json::parse(
        read_text(std::string(std::getenv("HEED_SOURCE_DIR")) + "/tests/trainers/metrics/rouge_cases.json"));
}

/// All summaries with their first reference.
RougeCorpus corpus_of(const nlohmann::json& stored) {
    std::vector<std::string> summaries;
    std::vector<std::vector<std::string>> references;
    for (const auto& each : stored.at("cases")) {
        summaries.push_back(each.at("summary"));
        references.push_back({each.at("references")[0].get<std::string>()});
    }
    return rouge_of_all(summaries, references);
}

TEST(Rouge, CasesWereMadeByTheVersionOfTheSignature) {
    EXPECT_EQ(stored_cases().at("rouge_score"), compatible_rouge_score);
}

TEST(Rouge, WordsAndScoresEqualThoseOfRougeScore) {
    const nlohmann::json stored = stored_cases();
    EXPECT_GE(stored.at("cases").size(), 80U);
    for (const auto& each : stored.at("cases")) {
        SCOPED_TRACE(each.at("name").get<std::string>());
        const std::string summary = each.at("summary");
        EXPECT_EQ(rouge_words(summary), each.at("words").get<std::vector<std::string>>());
        const RougeScores scores = rouge(summary, each.at("references").get<std::vector<std::string>>());
        for (size_t form = 0; form < scores.size(); ++form) {
            SCOPED_TRACE(rouge_names[form]);
            const auto& expected = each.at("scores")[form];
            EXPECT_DOUBLE_EQ(scores[form].precision, expected[0]);
            EXPECT_DOUBLE_EQ(scores[form].recall, expected[1]);
            EXPECT_DOUBLE_EQ(scores[form].f1, expected[2]);
        }
    }
}

TEST(Rouge, MeansAndIntervalsAreThoseOfRougeScore) {
    const nlohmann::json stored = stored_cases();
    const RougeCorpus corpus = corpus_of(stored);
    const RougeScores means = corpus.mean();
    const auto intervals = corpus.f1_intervals();
    for (size_t form = 0; form < means.size(); ++form) {
        SCOPED_TRACE(rouge_names[form]);
        const auto& expected = stored.at("means")[form];
        EXPECT_CLOSE(means[form].precision, expected[0].get<double>(), 1e-12);
        EXPECT_CLOSE(means[form].recall, expected[1].get<double>(), 1e-12);
        EXPECT_CLOSE(means[form].f1, expected[2].get<double>(), 1e-12);
        // It draws other samples.
        const double low = stored.at("intervals")[form][0], high = stored.at("intervals")[form][1];
        EXPECT_NEAR(intervals[form].low, low, 0.1 * (high - low));
        EXPECT_NEAR(intervals[form].high, high, 0.1 * (high - low));
    }
    EXPECT_EQ(corpus.f1_intervals()[0].low, intervals[0].low);
}

TEST(Rouge, TextsHaveSignatureMeanAndInterval) {
    const std::vector<std::string> summaries = {"a b c d", "x"};
    const std::vector<std::vector<std::string>> references = {{"a b"}, {"x", "y"}};
    const std::vector<std::string> texts = rouge_of_all(summaries, references).texts();
    ASSERT_EQ(texts.size(), 4U);
    EXPECT_EQ(texts[0], "ROUGE-1|nrefs:var|stem:no|version:0.1.2 = 83.33 (95 %: 66.67 to 100.00) P 75.00 R 100.00");
    EXPECT_TRUE(texts[3].starts_with("ROUGE-Lsum|")) << texts[3];
}

TEST(Rouge, ASubsequenceHasItsLengthAndItsOrder) {
    const std::vector<uint32_t> a = {1, 2, 3, 2, 4, 1, 2}, b = {2, 4, 3, 1, 2, 1};
    EXPECT_EQ(common_subsequence_length(a, b), 4);
    const std::vector<int64_t> places = common_subsequence_places(a, b);
    ASSERT_EQ(places.size(), 4U);
    size_t next = 0;
    for (const uint32_t symbol : b) {
        if (next < places.size() && a[static_cast<size_t>(places[next])] == symbol) ++next;
    }
    EXPECT_EQ(next, places.size());
    EXPECT_TRUE(common_subsequence_places(a, {}).empty());
    EXPECT_EQ(common_subsequence_length({}, b), 0);
}

TEST(Rouge, RefusesWhatCannotBeScored) {
    const auto refusal = [](const std::vector<std::string>& summaries,
                            const std::vector<std::vector<std::string>>& references) {
        return message_of<UserError>([&] { rouge_of_all(summaries, references); });
    };
    EXPECT_EQ(refusal({"a"}, {}), "ROUGE expects references for each hypothesis, got 1 hypotheses and 0 references");
    EXPECT_EQ(refusal({"a"}, {{}}), "ROUGE expects at least one reference for each hypothesis, got none for number 1");
    EXPECT_EQ(message_of<UserError>([] { rouge("a", {}); }),
              "ROUGE expects at least one reference for each hypothesis, got none for number 1");
}

}  // namespace
}  // namespace heed::test::rouge_test
