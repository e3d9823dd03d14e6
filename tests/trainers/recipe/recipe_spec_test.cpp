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

namespace heed::recipe_spec_test {
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

TEST(RecipeSpec, AnErrorOfAKeyWithoutASectionIsPlacedWhereItWasGiven) {
    const auto refusal = [](const std::string& text, const std::vector<std::string>& overrides) {
        return test::message_of<UserError>([&] { parse_recipe(recipe_spec(), text, "some.yaml", overrides); });
    };
    const std::string plain = "model: {type: vit}\ndata: {name: mnist}\n";
    const char* problem = "init_strict: false needs weights to start from: init";
    EXPECT_EQ(refusal(plain, {"init_strict=false"}), std::string("command line: ") + problem);
    EXPECT_EQ(refusal(plain + "init_strict: false\n", {}), std::string("some.yaml:3: ") + problem);
    EXPECT_EQ(refusal(plain + "init_strict: false\ninit: x\n", {"init="}), std::string("some.yaml:3: ") + problem);
    const Recipe recipe = parse_recipe(recipe_spec(), plain, "some.yaml", {"threads=2"});
    EXPECT_EQ(recipe.placed("it takes threads to weave"), "some.yaml: it takes threads to weave");
}

/// Calls `check` for every key of every section.
template <class Check>
void for_every_field(Check&& check) {
    for (const SectionSpec& spec : recipe_spec()) {
        for (const SectionChoice& choice : spec.choices) {
            Section section(spec, choice);
            for (Field& field : section.fields()) check(spec.key(field.name()), field);
        }
    }
}

TEST(RecipeSpec, EveryShareTakesPercent) {
    int shares = 0;
    for_every_field([&](const std::string& key, Field& field) {
        const bool is_number = field.type_name() == "float" || field.type_name() == "list of float";
        const bool says_so = test::contains(field.help(), "share") || test::contains(field.help(), "probability of") ||
                             test::contains(field.help(), "probability that");
        if (!is_number || !says_so || key == "data.augment.cutmix") return;  // a parameter of a distribution
        EXPECT_TRUE(field.is_share()) << key;
        const std::string percent = key == "tokenizer.coverage" ? "95%" : "10%";
        EXPECT_EQ(field.set_from_text(percent), "") << key;
        EXPECT_TRUE(test::contains(field.value_text(), percent == "95%" ? "0.95" : "0.1")) << key;
        ++shares;
    });
    EXPECT_GT(shares, 10);
}

TEST(RecipeSpec, EveryPathTakesTheHomeFolder) {
    const std::set<std::string> names = {"root",
                                         "dir",
                                         "init",
                                         "file",
                                         "train_file",
                                         "test_file",
                                         "source_files",
                                         "pair_files",
                                         "target_file",
                                         "target_files",
                                         "teacher",
                                         "validation_file",
                                         "train_files",
                                         "validation_files",
                                         "test_files",
                                         "test_source",
                                         "test_target",
                                         "validation_source",
                                         "validation_target"};
    std::set<std::string> found;
    for_every_field([&](const std::string& key, Field& field) {
        const bool taken = field.is_text() && field.set_from_text("~/place").empty();
        const bool expands =
            taken && test::contains(field.value_text(), "/place") && !test::contains(field.value_text(), "~");
        if (expands) found.insert(field.name());
        // What is named as a path is one.
        const bool names_file = field.name().ends_with("_file") || field.name().ends_with("_files");
        EXPECT_TRUE(expands || !names_file) << key;
    });
    EXPECT_EQ(found, names);
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

TEST(RecipeSpec, EveryConditionNamesASettingAndValuesOfIt) {
    int conditions = 0;
    for (const SectionSpec& spec : recipe_spec()) {
        for (const SectionChoice& choice : spec.choices) {
            Section section(spec, choice);
            for (const Field& field : section.fields()) {
                for (const auto& [other, values] : field.conditions()) {
                    Field* const named = section.fields().find(other);
                    ASSERT_NE(nullptr, named) << spec.key(field.name()) << " with " << other;
                    for (const std::string& value : values) EXPECT_EQ("", named->set_from_text(value)) << other;
                    ++conditions;
                }
            }
        }
    }
    EXPECT_GT(conditions, 5);
}

TEST(RecipeSpec, ValuesWithoutEffectAreToldAndDropped) {
    const auto parsed = [](const std::string& tokenizer, const std::vector<std::string>& overrides = {}) {
        return parse_recipe(recipe_spec(),
                            "model: {type: text_classifier}\ndata: {name: imdb}\ntokenizer: {" + tokenizer + "}\n",
                            "r.yaml", overrides);
    };
    const Recipe bytes = parsed("type: byte, vocabulary: 500");
    EXPECT_EQ(std::vector<std::string>{"r.yaml:3: tokenizer.vocabulary has no effect with tokenizer.type byte"},
              bytes.notes());
    EXPECT_EQ("20000", bytes.value("tokenizer", "vocabulary"));
    EXPECT_TRUE(parse_recipe(recipe_spec(), bytes.resolved_yaml(), "r.yaml", {}).notes().empty());
    EXPECT_EQ(std::vector<std::string>{"command line: tokenizer.model has no effect with tokenizer.type word"},
              parsed("type: word", {"tokenizer.model=unigram"}).notes());
    EXPECT_EQ(std::vector<std::string>{"r.yaml:3: tokenizer.vocabulary has no effect with tokenizer.file a.model"},
              parsed("type: sentencepiece, file: a.model, vocabulary: 500").notes());
    EXPECT_TRUE(parsed("type: sentencepiece, model: unigram, vocabulary: 500").notes().empty());
    EXPECT_TRUE(parsed("type: byte, vocabulary: 20000").notes().empty()) << "the default";
}

TEST(RecipeSpec, TheListOfSettingsSaysWhatAKeyMeansToEachType) {
    const std::string list = settings_list(recipe_spec());
    EXPECT_TRUE(test::contains(list, "  attention.landmarks=16              nystromformer: segments of the tokens"));
    EXPECT_TRUE(
        test::contains(list, "\n" + std::string(38, ' ') + "longshort: in noncausal self-attention, summaries"));
    EXPECT_TRUE(test::contains(list, "  attention.bias=true                 add a bias to each projection"));
    EXPECT_TRUE(test::contains(list, "\n" + std::string(38, ' ') + "s4d: add a bias to the output projection\n"));
    EXPECT_TRUE(test::contains(list, "  model.dim=64                        width of the tokens\n"));
}

}  // namespace
}  // namespace heed::recipe_spec_test
