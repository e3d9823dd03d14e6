#include "heed/apps/support/completion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>

#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::completion_test {
namespace {

using test::contains;

std::string script(const std::string& shell) {
    return completion_script({shell,
                              {{"train", "trains a recipe's model", {"--resume", "--change"}, true},
                               {"info", "says what a run is", {"--json"}, false},
                               {"data", "gets data sets", {"--mirror"}, false},
                               {"help", "explains a command", {}, false},
                               {"completion", "prints such a script", {}, false}}});
}

/// The line of the text in which `part` stands, or "".
std::string line_with(const std::string& text, const std::string& part) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (contains(line, part)) return line;
    }
    return "";
}

TEST(CompletionScript, NoPlaceOfAFrameIsLeftOpen) {
    for (const std::string& shell : completion_shells()) {
        const std::string text = script(shell);
        EXPECT_FALSE(contains(text, "{{")) << shell;
        for (const char* place : {"{settings}", "{commands}", "{cases}", "{keys}", "{values}"}) {
            EXPECT_FALSE(contains(text, place)) << shell << " " << place;
        }
        EXPECT_TRUE(text.ends_with('\n')) << shell;
    }
}

TEST(CompletionScript, BashFindsItWellFormed) {
    const test::TemporaryFolder folder;
    test::write_text(folder / "script", script("bash"));
    EXPECT_EQ(std::system(("bash -n '" + folder / "script" + "'").c_str()), 0);
}

TEST(CompletionScript, BashHasACaseForEveryCommand) {
    const std::string text = script("bash");
    EXPECT_EQ(line_with(text, "words='train"), "        words='train info data help completion --help --version'");
    EXPECT_EQ(line_with(text, " train)"), "            train) words='--resume --change'\" $settings\" files=yes ;;");
    EXPECT_EQ(line_with(text, " info)"), "            info) words='--json' files=yes ;;");
    EXPECT_TRUE(contains(line_with(text, " data)"), "words='--mirror list get info "));
    EXPECT_TRUE(contains(line_with(text, " data)"), " mnist"));
    EXPECT_EQ(line_with(text, " help)"), "            help) words='train info data help completion recipe' ;;");
    EXPECT_EQ(line_with(text, " completion)"), "            completion) words='bash zsh fish' ;;");
}

TEST(CompletionScript, SettingsAreKeysAndWhatIsKnownOfTheirValues) {
    std::string settings = line_with(script("bash"), "settings='") + " ";
    std::replace(settings.begin(), settings.end(), '\'', ' ');
    for (const char* word : {" threads= ", " model.dim= ", " model.type= ", " model.type=vit ", " train.shuffle= ",
                             " train.shuffle=true ", " train.shuffle=false ", " data.name=mnist "}) {
        EXPECT_TRUE(contains(settings, word)) << word;
    }
    EXPECT_FALSE(contains(settings, " model.dim=6"));
    // A key that several types have stands once.
    const size_t at = settings.find(" model.dim= ");
    EXPECT_EQ(settings.find(" model.dim= ", at + 1), std::string::npos);
}

TEST(CompletionScript, ZshTellsKeysFromValues) {
    const std::string text = script("zsh");
    EXPECT_TRUE(contains(line_with(text, "commands=("), "'info:says what a run is'"));
    EXPECT_TRUE(contains(line_with(text, "keys=("), " model.dim= "));
    EXPECT_FALSE(contains(line_with(text, "keys=("), "model.type=vit"));
    EXPECT_TRUE(contains(line_with(text, "values=("), " model.type=vit "));
    EXPECT_FALSE(contains(line_with(text, "values=("), "model.dim="));
    EXPECT_TRUE(contains(text, "        train)\n            compadd -- --resume --change\n            if [[ $PREFIX"));
    EXPECT_TRUE(contains(text, "        info)\n            compadd -- --json\n            _files\n"));
    EXPECT_TRUE(contains(text, "        completion)\n            compadd -- bash zsh fish\n            ;;\n"));
}

TEST(CompletionScript, FishHasALineForEveryCommandAndOption) {
    const std::string text = script("fish");
    EXPECT_TRUE(contains(text, "-n __fish_use_subcommand -a info -d 'says what a run is'\n"));
    EXPECT_TRUE(contains(text, "complete -c heed -n '__fish_seen_subcommand_from train' -l resume\n"));
    EXPECT_TRUE(contains(text, "complete -c heed -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n"));
    EXPECT_TRUE(contains(text, "complete -c heed -n '__fish_seen_subcommand_from data' -a 'list get info "));
    EXPECT_FALSE(contains(text, "__fish_seen_subcommand_from info' -a"));
}

TEST(CompletionScript, AnApostropheInASummaryEndsNoQuote) {
    EXPECT_TRUE(contains(script("zsh"), R"('train:trains a recipe'\''s model')"));
    EXPECT_TRUE(contains(script("fish"), R"(-d 'trains a recipe'\''s model')"));
}

}  // namespace
}  // namespace heed::completion_test
