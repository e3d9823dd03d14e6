#include "heed/trainers/recipe/recipe_spec.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/trainers/recipe/other_names.h"
#include "heed/trainers/recipe/recipe.h"
#include "heed/trainers/recipe/reference_page.h"

namespace heed {
namespace {

std::filesystem::path source_folder() {
    const char* folder = std::getenv("HEED_SOURCE_DIR");
    return folder ? folder : "";
}

TEST(RecipeSpec, EveryDefaultIsAllowedAndEveryKeyHasHelp) {
    for (const SectionSpec& spec : recipe_spec()) {
        EXPECT_FALSE(spec.help.empty()) << spec.name;
        EXPECT_TRUE(spec.default_choice.empty() || spec.find(spec.default_choice)) << spec.name;
        ASSERT_FALSE(spec.choices.empty()) << spec.name;
        for (const SectionChoice& choice : spec.choices) {
            Section section(spec, choice);
            try {
                section.options().validate();
            } catch (const UserError& error) {  // a key that has to be given
                EXPECT_TRUE(test::contains(error.what(), spec.name + ".")) << choice.name;
            }
            EXPECT_EQ(section.fields().find(spec.selector), nullptr) << spec.name << " " << choice.name;
            for (Field& field : section.fields()) {
                EXPECT_EQ(field.set_from_text(field.default_text()), "") << spec.key(field.name());
                EXPECT_FALSE(field.help().empty()) << spec.key(field.name());
            }
        }
    }
}

TEST(RecipeSpec, EveryWordOfOtherTrainersLeadsToAKey) {
    std::set<std::string> keys;
    for (const SectionSpec& spec : recipe_spec()) {
        keys.insert(spec.key(spec.selector));
        for (const SectionChoice& choice : spec.choices) {
            Section section(spec, choice);
            for (const Field& field : section.fields()) keys.insert(spec.key(field.name()));
        }
    }
    EXPECT_GT(other_names().size(), 200U);
    std::string before;
    for (const OtherName& other : other_names()) {
        EXPECT_LT(before, other.word) << "each word stands once";
        before = other.word;
        EXPECT_FALSE(other.keys.empty()) << other.word;
        for (const std::string_view key : other.keys) {
            EXPECT_EQ(keys.count(std::string(key)), 1U) << other.word << " leads to " << key;
        }
    }
    EXPECT_EQ(keys_of_other_name("Learning-Rate"), "optimizer.lr");
    EXPECT_EQ(keys_of_other_name("no word of theirs"), "");
}

TEST(RecipeSpec, TheReferencePageIsUpToDate) {
    std::ifstream file(source_folder() / "docs/recipe-reference.md");
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_TRUE(text.str() == reference_page(recipe_spec()))
        << "docs/recipe-reference.md is out of date. Write it again: ./heed help recipe > docs/recipe-reference.md";
}

TEST(RecipeSpec, EveryRecipeInTheFolderIsValid) {
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source_folder() / "recipes")) {
        if (entry.path().extension() != ".yaml") continue;
        count++;
        EXPECT_NO_THROW({
            const Recipe recipe = read_recipe(recipe_spec(), entry.path().string(), {});
            EXPECT_TRUE(recipe.notes().empty()) << entry.path();
            const Recipe back = parse_recipe(recipe_spec(), recipe.resolved_yaml(), "resolved", {});
            EXPECT_EQ(back.resolved_yaml(), recipe.resolved_yaml()) << entry.path();
        }) << entry.path();
    }
    EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace heed
