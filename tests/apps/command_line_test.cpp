#include "heed/apps/command_line.h"

#include <gtest/gtest.h>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/trainers/kinds/registry.h"

namespace heed::command_line_test {
namespace {

using test::contains;
using test::message_of;
using Words = std::vector<std::string>;

/// The command that `arguments` make, which has to be of this type.
template <class Chosen>
Chosen parsed(const Words& arguments) {
    return std::get<Chosen>(parse_command_line(arguments));
}

std::string refusal(const Words& arguments) {
    return message_of<UserError>([&] { parse_command_line(arguments); });
}

TEST(CommandLine, TrainTakesARecipeSettingsAndResumeInAnyOrder) {
    const auto plain = parsed<TrainCommand>({"train", "a.yaml"});
    EXPECT_EQ(plain.recipe, "a.yaml");
    EXPECT_TRUE(plain.overrides.empty());
    EXPECT_FALSE(plain.resume);
    for (const Words& order : {Words{"train", "a.yaml", "model.dim=8", "--resume", "data.root=x y"},
                               Words{"train", "--resume", "a.yaml", "model.dim=8", "data.root=x y"}}) {
        const auto train = parsed<TrainCommand>(order);
        EXPECT_EQ(train.recipe, "a.yaml");
        EXPECT_EQ(train.overrides, (Words{"model.dim=8", "data.root=x y"}));
        EXPECT_TRUE(train.resume);
    }
}

TEST(CommandLine, FinetuneTakesARecipeAmongItsSettings) {
    for (const Words& order : {Words{"finetune", "run", "a.yaml", "model.pool=max", "--only", "head", "data.root=x"},
                               Words{"finetune", "run", "model.pool=max", "--only", "head", "a.yaml", "data.root=x"}}) {
        const auto finetune = parsed<FinetuneCommand>(order);
        EXPECT_EQ(finetune.target, "run");
        EXPECT_EQ(finetune.recipe, "a.yaml");
        EXPECT_EQ(finetune.overrides, (Words{"model.pool=max", "data.root=x"}));
        EXPECT_EQ(finetune.only, Words{"head"});
    }
    const auto plain = parsed<FinetuneCommand>({"finetune", "run", "attention.type=super"});
    EXPECT_EQ(plain.recipe, "");
    EXPECT_EQ(plain.overrides, Words{"attention.type=super"});
    EXPECT_TRUE(contains(refusal({"finetune", "run", "a.yaml", "b.yaml"}), "b.yaml"));
}

TEST(CommandLine, AnEmptyValueIsNotTheDefault) {
    for (const Words& words : {Words{"sweep", "run", "--scores", ""}, Words{"compare", "a.yaml", "--attention", ""},
                               Words{"compare", "a.yaml", "--grid", ""}, Words{"convert", "run", "--to", ""}}) {
        EXPECT_TRUE(contains(refusal(words), words[2] + " expects a value, got \"\"")) << refusal(words);
    }
}

TEST(CommandLine, ASweepIsOverOneThing) {
    for (const char* option : {"--scores", "--rounds"}) {
        EXPECT_TRUE(contains(refusal({"sweep", "run", "--over", "decoding.beam=1,4", option, "2"}),
                             std::string(option) + " is of the sweep over SMYRF's scores and --over of another"));
    }
}

TEST(CommandLine, ASettingKeepsCommasEqualSignsAndAnEmptyValue) {
    const auto train = parsed<TrainCommand>({"train", "a.yaml", "train.freeze=[a, b]", "run.dir=x=y", "init="});
    EXPECT_EQ(train.overrides, (Words{"train.freeze=[a, b]", "run.dir=x=y", "init="}));
}

TEST(CommandLine, BehindTwoDashesAllAreFiles) {
    const auto predict = parsed<PredictCommand>({"predict", "run", "--json", "--", "--top", "a.png", "--"});
    EXPECT_TRUE(predict.request.json);
    EXPECT_EQ(predict.request.files, (Words{"./--top", "a.png", "./--"}));
    EXPECT_EQ(predict.request.top, 0);
    EXPECT_EQ(parsed<ScoreCommand>({"score", "run", "-"}).request.files, Words{"-"}) << "a dash is standard input";
}

TEST(CommandLine, FilesAndSettingsStandInAnyOrder) {
    const auto translate =
        parsed<TranslateCommand>({"translate", "run", "decoding.beam=8", "a.txt", "threads=1", "./a=b", "x/y=z", "-"});
    EXPECT_EQ(translate.request.files, (Words{"a.txt", "./a=b", "x/y=z", "-"}));
    EXPECT_EQ(translate.overrides, (Words{"decoding.beam=8", "threads=1"}));
    const auto score = parsed<ScoreCommand>({"score", "run", "data.batch=3", "--", "data.batch=4"});
    EXPECT_EQ(score.request.files, Words{"./data.batch=4"}) << "behind two dashes all are files";
    EXPECT_EQ(score.overrides, Words{"data.batch=3"});
    EXPECT_TRUE(contains(refusal({"predict", "run", "--data.batch=3"}), "settings have no dashes"));
}

TEST(CommandLine, HelpNamesTheSettingsThatACommandTakes) {
    for (const TrainingKind* kind : training_kinds()) {
        for (const char* command : {"eval", "predict", "translate", "score", "generate", "report"}) {
            const std::string help = parsed<ShowText>({command, "--help"}).text;
            const bool shows_a_run = std::string(command) == "report";
            EXPECT_TRUE(contains(
                help, shows_a_run ? "threads, device and precision" : "threads, device, precision and attention.*"));
            for (const std::string& setting : kind->settings_of(command)) {
                if (std::string(command) == "eval" || std::string(command) == "report" || kind->serves(command)) {
                    EXPECT_TRUE(contains(help, setting)) << command;
                }
            }
        }
    }
    const std::string help = parsed<ShowText>({"translate", "--help"}).text;
    EXPECT_TRUE(contains(help, "heed translate [OPTIONS] target [files...] [settings...]")) << help;
    EXPECT_FALSE(contains(help, "data.batch"));
}

TEST(CommandLine, CountsAreWholeNumbersFrom1To1024) {
    EXPECT_EQ(parsed<PredictCommand>({"predict", "run", "--top", "1024", "a"}).request.top, 1024);
    const auto translate = parsed<TranslateCommand>({"translate", "run", "--beam", "8", "--n-best", "3"});
    EXPECT_EQ(translate.request.beam, 8);
    EXPECT_EQ(translate.request.n_best, 3);
    for (const char* text : {"0", "-1", "1025", "1.5", "ten", "99999999999999999999"}) {
        EXPECT_TRUE(contains(refusal({"predict", "run", std::string("--top=") + text}),
                             std::string("--top expects a whole number from 1 to 1024, got \"") + text + "\""))
            << text;
        EXPECT_TRUE(contains(refusal({"translate", "run", std::string("--beam=") + text}), "--beam expects")) << text;
    }
    EXPECT_EQ(parsed<DataCommand>({"data", "get", "mnist", "--timeout", "7"}).timeout, 7);
    EXPECT_TRUE(contains(refusal({"data", "get", "mnist", "--timeout", "0"}), "--timeout expects a whole number"));
}

TEST(CommandLine, AFileThatIsWrittenIsKnownByItsEnding) {
    const auto predict = parsed<PredictCommand>({"predict", "run", "--dump", "logits", "x.safetensors", "a.png"});
    EXPECT_EQ(predict.request.dump, (Words{"logits", "x.safetensors"}));
    EXPECT_EQ(predict.request.files, Words{"a.png"});
    EXPECT_TRUE(contains(refusal({"predict", "run", "--dump", "logits", "a.png"}),
                         "a file that ends in .safetensors, got \"a.png\""));
    EXPECT_EQ(parsed<TranslateCommand>({"translate", "run", "--attention", "a.html"}).request.attention, "a.html");
    EXPECT_TRUE(contains(refusal({"translate", "run", "--attention", "a.txt"}), "ends in .html, got \"a.txt\""));
}

TEST(CommandLine, EvalKnowsItsSplits) {
    EXPECT_EQ(parsed<EvalCommand>({"eval", "run"}).split, "test");
    EXPECT_EQ(parsed<EvalCommand>({"eval", "run", "--split", "validation"}).split, "validation");
    EXPECT_TRUE(contains(refusal({"eval", "run", "--split", "validaton"}), "(did you mean validation?)"));
}

TEST(CommandLine, WhatIsWrongIsNamedWithTheNearestRightName) {
    EXPECT_TRUE(contains(refusal({"trian", "a.yaml"}), "unknown command \"trian\" (did you mean train?); there are "));
    EXPECT_TRUE(
        contains(refusal({"train", "a.yaml", "--resum"}), "unknown option \"--resum\" (did you mean --resume?)"));
    EXPECT_TRUE(contains(refusal({"train", "a.yaml", "--model.dim=8"}), "settings have no dashes"));
    EXPECT_TRUE(contains(refusal({"eval", "run", "--jsno"}), "(did you mean --json?)"));
    EXPECT_TRUE(contains(refusal({"info", "run", "more"}), "unexpected argument \"more\""));
    EXPECT_TRUE(contains(refusal({"help", "recipes"}), "(did you mean recipe?)"));
    EXPECT_TRUE(contains(refusal({"completion", "fihs"}), "(did you mean fish?)"));
    EXPECT_TRUE(contains(refusal({"train"}), "heed train: recipe is required"));
    EXPECT_TRUE(contains(refusal({"train", "a.yaml", "--resume=maybe"}), "resume was given a"));
}

TEST(CommandLine, HelpExplainsEveryCommandThatThereIs) {
    const std::string all = parsed<ShowText>({}).text;
    EXPECT_EQ(parsed<ShowText>({"--help"}).text, all);
    EXPECT_EQ(parsed<ShowText>({"help"}).text, all);
    const auto completion = parsed<CompletionCommand>({"completion", "bash"});
    EXPECT_GE(completion.commands.size(), 10U);
    for (const CommandOutline& outline : completion.commands) {
        EXPECT_TRUE(contains(all, "\n  " + outline.name + " ")) << outline.name;
        EXPECT_TRUE(contains(all, outline.summary)) << outline.name;
        const std::string help = parsed<ShowText>({"help", outline.name}).text;
        EXPECT_EQ(parsed<ShowText>({outline.name, "--help"}).text, help);
        for (const std::string& option : outline.options) EXPECT_TRUE(contains(help, option)) << option;
        EXPECT_EQ(outline.takes_settings, outline.name == "train" || outline.name == "check" ||
                                              outline.name == "compare" || outline.name == "reproduce" ||
                                              outline.name == "finetune");
    }
    EXPECT_TRUE(contains(parsed<ShowText>({"help", "recipe"}).text, "model.dim"));
    EXPECT_NO_THROW(parsed<ShowVersion>({"--version"}));
}

}  // namespace
}  // namespace heed::command_line_test
