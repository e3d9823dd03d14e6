#include "heed/trainers/translations/translation_sections.h"

#include <gtest/gtest.h>

#include "heed/tests/support/message_of.h"

namespace heed::translation_sections_test {
namespace {

TEST(TranslationSections, ShowThatATranslationIsEmpty) {
    const ReferenceText texts{{"Go.", "Stay."}, {{"Ve."}, {"Quédate.", "Quedaos."}}};
    Evaluation result;
    result.translations = {"", "<Qué>"};
    result.more = {{"perplexity", 3.5}, {"rouge1", 34.9}, {"rouge1_recall", 50}, {"rouge2", 8.25}};
    ReportInput input{.paths = RunPaths("run"), .title = "t", .unit = "target tokens"};
    add_translation_sections(input, texts, result, {}, "");
    ASSERT_EQ(input.sections.size(), 2U);
    EXPECT_EQ(input.result->value, "34.90 ROUGE-1");
    EXPECT_EQ(input.result->text, "on 2 test sentences, ROUGE-2 8.25, perplexity 3.50");
    const std::string& html = input.sections[1];
    EXPECT_TRUE(
        test::contains(html, "<li>Go.<p class=\"note\">(an empty line)</p><p class=\"reference\">Ve.</p></li>"));
    EXPECT_TRUE(test::contains(html, "<li>Stay.<p><b>&lt;Qué&gt;</b></p><p class=\"reference\">Quédate.</p>"));
}

TEST(TranslationSections, ALongSourceIsShortenedAtABlank) {
    std::string source;
    for (int i = 0; i < 200; ++i) source += "ñandú ";
    const ReferenceText texts{{source}, {{"Bird."}}};
    Evaluation result;
    result.translations = {"A bird."};
    result.more = {{"bleu", 1.0}};
    ReportInput input{.paths = RunPaths("run"), .title = "t", .unit = "target tokens"};
    add_translation_sections(input, texts, result, {}, "");
    const std::string& html = input.sections[1];
    EXPECT_TRUE(test::contains(html, "ñandú ...</summary> ñandú")) << html;
}

}  // namespace
}  // namespace heed::translation_sections_test
