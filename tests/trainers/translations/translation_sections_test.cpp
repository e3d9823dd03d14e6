#include "heed/trainers/translations/translation_sections.h"

#include <gtest/gtest.h>

#include "heed/tests/support/message_of.h"

namespace heed::translation_sections_test {
namespace {

TEST(TranslationSections, ShowThatATranslationIsEmpty) {
    const ReferenceText texts{{"Go.", "Stay."}, {{"Ve."}, {"Quédate.", "Quedaos."}}};
    Evaluation result;
    result.translations = {"", "<Qué>"};
    ReportInput input{.paths = RunPaths("run"), .title = "t", .unit = "target tokens"};
    add_translation_sections(input, texts, result, {}, "");
    ASSERT_EQ(input.sections.size(), 2U);
    const std::string& html = input.sections[1];
    EXPECT_TRUE(
        test::contains(html, "<li>Go.<p class=\"note\">(an empty line)</p><p class=\"reference\">Ve.</p></li>"));
    EXPECT_TRUE(test::contains(html, "<li>Stay.<p><b>&lt;Qué&gt;</b></p><p class=\"reference\">Quédate.</p>"));
}

}  // namespace
}  // namespace heed::translation_sections_test
