#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>

#include "heed/attention/registry.h"
#include "heed/datasets/catalogue/catalogue.h"
#include "heed/tests/e2e/program.h"
#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/recipe/recipe_spec.h"

namespace heed::test::completion_test {
namespace {

/// What bash offers for `line`, with the cursor at its end.
class Completion : public testing::Test {
protected:
    Completion() {
        script_ = run_program(folder_.path(), {"completion", "bash"}).output;
        write_text(folder_ / "heed.bash", script_);
        write_text(folder_ / "ask.bash", R"(source heed.bash
COMP_LINE=$1 COMP_POINT=${#1}
read -ra COMP_WORDS <<<"$1"
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
[[ $1 == *' ' ]] && COMP_CWORD=$((COMP_CWORD + 1))
compopt() { :; }
_heed
printf '%s\n' "${COMPREPLY[@]}" >answer
)");
    }

    std::set<std::string> offered(const std::string& line) {
        const std::string command =
            "cd '" + folder_.path() + "' && bash --norc ask.bash '" + line + "' 2>&1 >errors || echo failed >>errors";
        EXPECT_EQ(std::system(command.c_str()), 0);
        std::set<std::string> words;
        std::istringstream lines(read_text(folder_ / "answer"));
        for (std::string word; std::getline(lines, word);) words.insert(word);
        return words;
    }

    TemporaryFolder folder_;
    std::string script_;
};

TEST_F(Completion, BashOffersCommandsOptionsAndNames) {
    EXPECT_EQ(offered("heed tr"), (std::set<std::string>{"train", "translate"}));
    EXPECT_TRUE(offered("heed ").count("data"));
    EXPECT_TRUE(offered("heed train x.yaml --re").count("--resume"));
    EXPECT_EQ(offered("heed data get cifar1"), (std::set<std::string>{"cifar10", "cifar100"}));
    EXPECT_TRUE(offered("heed data ").count("list"));
    EXPECT_EQ(offered("heed completion z"), std::set<std::string>{"zsh"});
    EXPECT_EQ(offered("heed help reci"), std::set<std::string>{"recipe"});
}

TEST_F(Completion, BashOffersFilesKeysAndValues) {
    write_text(folder_ / "mine.yaml", "");
    EXPECT_TRUE(offered("heed train mi").count("mine.yaml"));
    EXPECT_EQ(offered("heed train mine.yaml model.mlp"), std::set<std::string>{"model.mlp_dim="});
    EXPECT_EQ(offered("heed train mine.yaml attention.type=sd"), std::set<std::string>{"sdpa"});
    EXPECT_TRUE(offered("heed check mine.yaml data.name=").count("mnist"));
}

TEST_F(Completion, EveryKeyAndTypeIsKnownToEveryShell) {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        const ProgramResult result = run_program(folder_.path(), {"completion", shell});
        ASSERT_EQ(result.code, 0) << result.errors;
        for (const auto& type : attention_types()) {
            EXPECT_TRUE(contains(result.output, "attention.type=" + std::string(type.name))) << shell;
        }
        for (const CatalogueEntry& entry : catalogue()) EXPECT_TRUE(contains(result.output, entry.name)) << shell;
        for (const SectionSpec& section : recipe_spec()) {
            for (const SectionChoice& choice : section.choices) {
                const auto options = choice.make_options();
                Fields fields;
                options->describe(fields);
                for (const std::string& name : fields.names()) {
                    EXPECT_TRUE(contains(result.output, section.key(name) + "=")) << shell;
                }
            }
        }
    }
}

TEST_F(Completion, OtherShellsAreRefused) {
    expect_error(run_program(folder_.path(), {"completion", "fihs"}), 2, "(did you mean fish?)");
}

}  // namespace
}  // namespace heed::test::completion_test
