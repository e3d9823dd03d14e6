#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>

#include "heed/core/files/safetensors.h"
#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::text_test {
namespace {

constexpr const char* recipe =
    "model: {type: text_classifier, dim: 16, depth: 1, heads: 2, mlp_dim: 16, dropout: 0.1}\n"
    "tokenizer: {type: word, vocabulary: 100}\n"
    "data: {name: text_files, train_file: train.tsv, test_file: test.tsv, text: [text], label: label, length: 16, "
    "batch: 10}\n"
    "train: {epochs: 3, seed: 1}\n"
    "optimizer: {type: adamw, lr: 5e-3}\n"
    "threads: 1\n";

/// "the film was a good one" and so on: what is said decides the class.
std::string rows(int count) {
    const char* things[] = {"film", "book", "play", "song", "meal"};
    const char* good[] = {"good", "fine", "great"};
    const char* bad[] = {"bad", "dull", "poor"};
    std::string text = "text\tlabel\n";
    for (int i = 0; i < count; ++i) {
        const bool likes = i % 2 == 0;
        text += std::string("the ") + things[i % 5] + " was a " + (likes ? good : bad)[i / 2 % 3] + " one\t" +
                (likes ? "yes" : "no") + "\n";
    }
    return text;
}

class Texts : public testing::Test {
protected:
    static void SetUpTestSuite() {
        folder_ = new TemporaryFolder;
        write_text(*folder_ / "train.tsv", rows(120));
        write_text(*folder_ / "test.tsv", rows(30));
        write_text(*folder_ / "text.yaml", recipe);
        const ProgramResult result = run({"train", "text.yaml", "run.dir=whole"});
        ASSERT_EQ(result.code, 0) << result.errors;
    }
    static void TearDownTestSuite() { delete folder_; }

    static ProgramResult run(const std::vector<std::string>& arguments) {
        return run_program(folder_->path(), arguments);
    }
    static ProgramResult predict(const std::string& lines, std::vector<std::string> more = {}) {
        write_text(*folder_ / "lines.txt", lines);
        std::vector<std::string> arguments = {"predict", "whole", "lines.txt"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(arguments);
    }
    static std::string file(const std::string& name) { return read_text(*folder_ / name); }

    static TemporaryFolder* folder_;
};

TemporaryFolder* Texts::folder_ = nullptr;

TEST_F(Texts, AreLearnt) {
    const ProgramResult result = run({"eval", "whole"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.output, "30 texts of test"));
    EXPECT_TRUE(contains(result.output, "accuracy 100.00 %"));
    EXPECT_TRUE(contains(file("whole/metrics.jsonl"), "\"f1\":1.0"));
}

TEST_F(Texts, KeepTheirClassesWithOtherAttention) {
    const ProgramResult result = run({"convert", "whole", "attention.type=super", "--to", "super.safetensors"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.output, "encoder.layers.0.attention  sdpa -> super"));
    const ProgramResult eval = run({"eval", "super.safetensors"});
    EXPECT_TRUE(contains(eval.output, "accuracy 100.00 %")) << eval.output << eval.errors;
}

TEST_F(Texts, APredictionNeedsTheCheckpointAlone) {
    std::filesystem::copy_file(*folder_ / "whole/checkpoints/best.safetensors", *folder_ / "alone.safetensors",
                               std::filesystem::copy_options::overwrite_existing);
    write_text(*folder_ / "lines.txt", "the meal was a great one\n\nthe play was a dull one");
    const ProgramResult result = run({"predict", "alone.safetensors", "lines.txt", "--top", "2"});
    ASSERT_EQ(result.code, 0) << result.errors;
    std::vector<std::string> lines;
    std::string_view rest = result.output;
    while (!rest.empty()) {
        lines.emplace_back(rest.substr(0, rest.find('\n')));
        rest.remove_prefix(lines.back().size() + 1);
    }
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_TRUE(begins_with(lines[0], "yes ")) << lines[0];
    EXPECT_TRUE(lines[0].ends_with("%\tthe meal was a great one")) << lines[0];
    EXPECT_TRUE(lines[1].ends_with("%\t")) << lines[1];
    EXPECT_TRUE(begins_with(lines[2], "no ")) << lines[2];
    EXPECT_TRUE(contains(lines[2], "  yes "));
}

TEST_F(Texts, APredictionTakesTheSettingsThatChangeIt) {
    const std::string lines = "the film was a good one\nthe play was a dull one\nthe song was a great one\n";
    const ProgramResult plain = predict(lines, {"--json"}), single = predict(lines, {"--json", "data.batch=1"});
    EXPECT_EQ(single.code, 0) << single.errors;
    EXPECT_EQ(std::count(single.output.begin(), single.output.end(), '\n'), 3);
    EXPECT_EQ(plain.code, 0) << plain.errors;
    expect_error(predict(lines, {"data.length=4"}), 2, "takes no other settings than data.batch");
    expect_error(predict(lines, {"data.bach=4"}), 2, "(did you mean data.batch?)");
    expect_error(run({"translate", "whole", "decoding.beam=2"}), 2,
                 "heed translate expects a translator, but whole is");
    expect_error(run({"eval", "whole", "data.batch=4"}), 2, "takes no other settings than data.root");
}

TEST_F(Texts, JsonHasAllProbabilities) {
    const ProgramResult result = predict("a \"fine\" song\n", {"--json"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(begins_with(result.output, R"({"text":"a \"fine\" song","label":)"));
    EXPECT_TRUE(contains(result.output, R"("class":"yes")"));
    EXPECT_TRUE(contains(result.output, R"("probabilities":[)"));
}

TEST_F(Texts, ScoreIsTheLogarithmOfAClassesProbability) {
    write_text(*folder_ / "classes.tsv", "yes\tthe film was a good one\nno\tthe film was a good one\n");
    const ProgramResult result = run({"score", "whole", "classes.tsv"});
    ASSERT_EQ(result.code, 0) << result.errors;
    double yes = 0, no = 0;
    ASSERT_EQ(std::sscanf(result.output.c_str(), "%lf\tyes\tthe film was a good one\n%lf\tno\t", &yes, &no), 2)
        << result.output;
    EXPECT_GT(yes, no);
    EXPECT_NEAR(std::exp(yes) + std::exp(no), 1.0, 1e-3);
    write_text(*folder_ / "classes.tsv", "yes\tfine\nyess\tfine\n");
    expect_error(run({"score", "whole", "classes.tsv"}), 2,
                 "classes.tsv:2: there is no class \"yess\" (did you mean yes?)");
}

TEST_F(Texts, AResumedTrainingHasTheBitsOfOneThatWasNeverStopped) {
    ASSERT_EQ(run({"train", "text.yaml", "run.dir=constant", "optimizer.schedule=constant", "optimizer.warmup=1"}).code,
              0);
    ASSERT_EQ(run({"train", "text.yaml", "run.dir=parts", "optimizer.schedule=constant", "optimizer.warmup=1",
                   "train.steps=17"})
                  .code,
              0);
    // The tokenizer is the checkpoint's: other words in the training file do not change it.
    const ProgramResult result = run({"train", "parts", "--resume", "train.epochs=3"});
    ASSERT_EQ(result.code, 0) << result.errors;
    const auto weights = [](const std::string& run_folder) {
        const SafetensorsFile open(*folder_ / (run_folder + "/checkpoints/last.safetensors"));
        const auto view = open.at("embedding.weight").bytes;
        return std::string(reinterpret_cast<const char*>(view.data()), view.size());
    };
    EXPECT_EQ(weights("parts"), weights("constant"));
}

TEST_F(Texts, ChangedTrainingTextsAreNoticed) {
    const std::string texts = rows(120);
    write_text(*folder_ / "mine.tsv", texts);
    ASSERT_EQ(run({"train", "text.yaml", "run.dir=changed", "data.train_file=mine.tsv", "train.steps=4"}).code, 0);
    const char* warning = "warning: the training data are not those that the model was trained on";
    EXPECT_FALSE(contains(run({"eval", "changed"}).errors, warning));
    std::string other = texts;
    other.replace(other.find("film"), 4, "show");
    write_text(*folder_ / "mine.tsv", other);
    const ProgramResult result = run({"eval", "changed"});
    EXPECT_EQ(result.code, 0);
    EXPECT_TRUE(contains(result.errors, warning));
    expect_error(run({"train", "changed", "--resume", "train.steps=6"}), 2,
                 "are not those that the training was begun with");
    write_text(*folder_ / "mine.tsv", texts);
    std::filesystem::remove(*folder_ / "changed/finished");
    expect_error(run({"train", "changed", "--resume", "train.steps=3"}), 2,
                 "train.steps expects at least what is done, 4 steps");
    EXPECT_EQ(run({"train", "changed", "--resume", "train.steps=6"}).code, 0);
}

TEST_F(Texts, ChangedTestAndValidationTextsAreNoticed) {
    write_text(*folder_ / "own.tsv", rows(40));
    write_text(*folder_ / "check.tsv", rows(20));
    const std::vector<std::string> files = {"data.test_file=own.tsv", "data.validation_file=check.tsv"};
    std::vector<std::string> training = {"train", "text.yaml", "run.dir=own", "train.steps=4"};
    training.insert(training.end(), files.begin(), files.end());
    ASSERT_EQ(run(training).code, 0);
    EXPECT_FALSE(contains(run({"eval", "own"}).errors, "warning"));
    write_text(*folder_ / "own.tsv", rows(38));
    EXPECT_TRUE(contains(run({"eval", "own"}).errors, "warning: the test data are not those of the training run"));
    EXPECT_FALSE(contains(run({"eval", "own", "--split", "validation"}).errors, "warning"));
    expect_error(run({"train", "own", "--resume", "train.steps=6"}), 2, "the test data in ");
    write_text(*folder_ / "check.tsv", rows(22));
    expect_error(run({"train", "own", "--resume", "train.steps=6"}), 2, "the validation and test data in ");
    write_text(*folder_ / "own.tsv", rows(40));
    write_text(*folder_ / "check.tsv", rows(20));
    EXPECT_EQ(run({"train", "own", "--resume", "train.steps=6"}).code, 0);
}

TEST_F(Texts, TestTextsThatAreTrainedOnAreToldInLogAndReport) {
    const char* remark = "of the 30 test texts stand among the training texts as well";
    EXPECT_TRUE(contains(file("whole/log.txt"), remark));
    EXPECT_TRUE(contains(file("whole/report.html"), remark));
    EXPECT_TRUE(contains(file("whole/log.txt"), "training texts equal an earlier one"));
}

TEST_F(Texts, ATrialTakesFewTexts) {
    const ProgramResult result = run({"train", "text.yaml", "run.dir=trial", "data.limit=7", "train.steps=2"});
    EXPECT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(file("trial/log.txt"), "text_files: 7 training,"));
}

TEST_F(Texts, InitialWeightsAreBlamedOnWhoGaveThem) {
    expect_error(run({"train", "text.yaml", "run.dir=from", "init=nowhere.safetensors"}), 2, "command line: init: ");
}

TEST_F(Texts, WeightsOfOtherWordsAreNotTakenInSilence) {
    std::string other = rows(120);
    for (size_t at = 0; (at = other.find("film")) != std::string::npos;) other.replace(at, 4, "show");
    write_text(*folder_ / "other.tsv", other);
    EXPECT_EQ(
        run({"train", "text.yaml", "run.dir=same", "init=whole", "train.steps=1", "optimizer.schedule=constant"}).code,
        0);
    std::vector<std::string> command = {"train",
                                        "text.yaml",
                                        "run.dir=other",
                                        "init=whole",
                                        "train.steps=1",
                                        "data.train_file=other.tsv",
                                        "optimizer.schedule=constant"};
    expect_error(run(command), 2, "was trained with another tokenizer");
    command.emplace_back("init_strict=false");
    const ProgramResult result = run(command);
    EXPECT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "new, with their first values: embedding.weight"));
}

TEST_F(Texts, ClassesAreCheckedAgainstTheTexts) {
    const ProgramResult result = run({"train", "text.yaml", "run.dir=maybe", "train.steps=1",
                                      "optimizer.schedule=constant", "data.classes=[no,yes,maybe]"});
    EXPECT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "warning: no training text has the class \"maybe\""));
    expect_error(run({"train", "text.yaml", "data.classes=[no,yes,no]"}), 2,
                 "expects each name once, got \"no\" twice");
    write_text(*folder_ / "odd.tsv", "text\tlabel\nfine\tyes\x1b[31m\n");
    expect_error(run({"train", "text.yaml", "data.test_file=odd.tsv"}), 2,
                 "expected a label of at most 200 bytes without control characters");
}

TEST_F(Texts, AByteOrderMarkIsPassedOverAndALongTextIsSaidToBeCut) {
    EXPECT_EQ(predict("\xef\xbb\xbfthe film was a good one\n").output, predict("the film was a good one\n").output);
    std::string longer = "the film";
    for (int i = 0; i < 300; ++i) longer += " was";
    const ProgramResult result = predict("good\n" + longer + "\n");
    EXPECT_EQ(result.code, 0);
    EXPECT_TRUE(contains(result.errors, "lines.txt:2: 302 tokens, but the model reads")) << result.errors;
    EXPECT_FALSE(contains(result.errors, "lines.txt:1")) << result.errors;
}

TEST_F(Texts, EveryAttentionTypeTrains) {
    for (const char* type : {"optimised", "efficient", "super", "smyrf"}) {
        const std::string dir = std::string("type-") + type;
        const ProgramResult result =
            run({"train", "text.yaml", "run.dir=" + dir, std::string("attention.type=") + type, "train.epochs=1"});
        ASSERT_EQ(result.code, 0) << result.errors;
        EXPECT_EQ(run({"eval", dir}).code, 0);
    }
}

TEST_F(Texts, TheReportShowsMistakesAndWords) {
    ASSERT_EQ(run({"train", "text.yaml", "run.dir=short", "train.steps=1", "optimizer.schedule=constant",
                   "optimizer.lr=1e-6"})
                  .code,
              0);
    const std::string page = file("short/report.html");
    for (const char* part : {"id=\"confusion\"", "Misclassified texts", "Importance of words", "class=\"for\"",
                             "texts/s", "<dt>Tokenizer</dt>"}) {
        EXPECT_TRUE(contains(page, part)) << part;
    }
    EXPECT_FALSE(contains(page, "images/s"));
    EXPECT_FALSE(contains(page, " images "));
    EXPECT_TRUE(std::filesystem::exists(*folder_ / "short/tokenizer.word"));
}

TEST_F(Texts, WrongInputIsRefused) {
    expect_error(predict("fine\nbroken \xff\n"), 2, "lines.txt:2: expected text, found broken UTF-8");
    expect_error(predict(std::string("a\0b\n", 4)), 2, "lines.txt:1: expected text, found a NUL byte");
    expect_error(predict("x\n", {"--dump", "logits", "x.safetensors"}), 2, "--dump is for models of images");
    expect_error(run({"predict", "whole", "missing.txt"}), 2, "cannot read missing.txt");
    expect_error(
        run({"train", "text.yaml", "model.type=vit"}), 2,
        "model.type vit is for images, but data.name text_files holds labelled texts: expected text_classifier");
    expect_error(run({"train", "text.yaml", "data.augment.flip=true"}), 2,
                 "data.augment.flip is for images, but data.name text_files holds labelled texts");
    expect_error(run({"train", "text.yaml", "model.dim=15"}), 2, "model.heads to divide model.dim");
    write_text(*folder_ / "unseen.tsv", "text\tlabel\nwhat\tperhaps\n");
    expect_error(run({"train", "text.yaml", "data.test_file=unseen.tsv"}), 2, "perhaps");
    EXPECT_EQ(run({"predict", "whole", "text.yaml"}).code, 0);
}

TEST_F(Texts, CheckTellsTheCostOrThatItDependsOnTheFiles) {
    const ProgramResult own = run({"check", "text.yaml"});
    EXPECT_EQ(own.code, 0) << own.errors;
    EXPECT_TRUE(contains(own.output, "depends on the files of text_files"));
    write_text(*folder_ / "imdb.yaml",
               "model: {type: text_classifier, dim: 8, heads: 2, depth: 1}\ndata: {name: imdb, length: 16}\n");
    const ProgramResult known = run({"check", "imdb.yaml"});
    EXPECT_EQ(known.code, 0) << known.errors;
    EXPECT_TRUE(contains(known.output, "16 at most"));
    EXPECT_FALSE(contains(known.output, "data.augment"));
    EXPECT_FALSE(contains(known.output, "decoding"));
}

TEST_F(Texts, ATableIsAnsweredRowByRowAndMeasured) {
    write_text(*folder_ / "mine.csv",
               "id,label,text\n1,yes,\"the film, it was \"\"good\"\"\"\n2,yes,the play was a dull one\n");
    const ProgramResult lines = run({"predict", "whole", "mine.csv"});
    ASSERT_EQ(lines.code, 0) << lines.errors;
    EXPECT_TRUE(contains(lines.output, "%\tthe film, it was \"good\"\n"));
    EXPECT_TRUE(contains(lines.output, "\n\n2 texts of known classes\naccuracy 50.00 %\n")) << lines.output;
    const ProgramResult csv = run({"predict", "whole", "mine.csv", "--csv"});
    ASSERT_EQ(csv.code, 0) << csv.errors;
    EXPECT_TRUE(begins_with(csv.output,
                            "text,truth,class,probability,P(no),P(yes)\n\"the film, it was \"\"good\"\"\",yes,yes,0."));
    EXPECT_EQ(std::count(csv.output.begin(), csv.output.end(), '\n'), 3) << csv.output;
    EXPECT_TRUE(contains(csv.errors, "accuracy 50.00 %"));
    // What was written is a table that can be read again.
    write_text(*folder_ / "again.csv", csv.output);
    const ProgramResult again = run({"predict", "whole", "again.csv", "data.label=class", "data.batch=1"});
    ASSERT_EQ(again.code, 0) << again.errors;
    EXPECT_TRUE(contains(again.output, "accuracy 100.00 %")) << again.output;
    const ProgramResult json = run({"predict", "whole", "mine.csv", "--json"});
    EXPECT_TRUE(contains(json.output, "\"truth\":\"yes\",\"label\":1,"));
    EXPECT_TRUE(contains(json.output, "\n{\"evaluation\":{\"samples\":2,\"accuracy\":0.5,")) << json.output;

    write_text(*folder_ / "plain.jsonl", "{\"text\": \"a good one\"}\n{\"text\": \"a\\nbad one\"}\n");
    const ProgramResult plain = run({"predict", "whole", "plain.jsonl"});
    EXPECT_EQ(plain.code, 0) << plain.errors;
    EXPECT_EQ(std::count(plain.output.begin(), plain.output.end(), '\n'), 2) << "a line for a row";
    EXPECT_TRUE(contains(plain.errors, "'plain.jsonl' has no column 'label' (data.label): nothing is measured"));
    EXPECT_TRUE(begins_with(predict("x\n", {"--csv"}).output, "text,class,probability,P(no),P(yes)\nx,"));
}

TEST_F(Texts, TablesThatDoNotFitAreRefusedBeforeAnAnswer) {
    write_text(*folder_ / "maybe.csv", "text,label\ngood,yes\nbad,yess\n");
    const ProgramResult label = run({"predict", "whole", "maybe.csv"});
    expect_error(label, 2,
                 "'maybe.csv', line 3: the label \"yess\" is none of the classes no and yes (did you mean yes?)");
    EXPECT_EQ(label.output, "");
    expect_error(run({"predict", "whole", "maybe.csv", "data.label=stars"}), 2, "expected a column \"stars\"");
    expect_error(run({"predict", "whole", "maybe.csv", "text.yaml"}), 2, "got both: maybe.csv is a table by its name");
    expect_error(run({"predict", "whole", "text.yaml", "data.text=body"}), 2, "data.text is for tables");
    expect_error(run({"predict", "whole", "text.yaml", "--csv", "--json"}), 2, "--json and --csv exclude each other");
    expect_error(run({"predict", "whole", "text.yaml", "--csv", "--top", "2"}), 2, "--top has no effect with");
    expect_error(run({"predict", "whole", "maybe.csv", "data.label_separator=;"}), 2, "this one gives one");
}

TEST_F(Texts, AnotherTestFileIsMeasuredAndSaysSo) {
    write_text(*folder_ / "other.csv", "label,text\nyes,a truly good one\nno,a truly bad one\nno,a good one\n");
    const ProgramResult result = run({"eval", "whole", "data.test_file=other.csv"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.output, "3 texts of ")) << result.output;
    EXPECT_TRUE(contains(result.output, "other.csv (not the test set of the run), model after step "));
    EXPECT_TRUE(contains(result.output, "accuracy 66.67 %"));
    EXPECT_EQ(result.errors, "");
    const ProgramResult json = run({"eval", "whole", "data.test_file=other.csv", "--json"});
    EXPECT_TRUE(contains(json.output, "{\"split\":\"other\",\"files\":\""));
    const ProgramResult known = run({"eval", "whole", "data.test_file=train.tsv"});
    EXPECT_TRUE(contains(known.errors, "warning: 120 of the 120 given texts stand among the data.train_file texts"));
    // The training texts are not needed.
    const TemporaryFolder elsewhere;
    write_text(elsewhere / "other.csv", "label;body\nyes;good\n");
    const ProgramResult away = run_program(elsewhere.path(), {"eval", *folder_ / "whole", "data.test_file=other.csv",
                                                              "data.separator=semicolon", "data.text=body"});
    EXPECT_EQ(away.code, 0) << away.errors;
    write_text(*folder_ / "maybe.csv", "text,label\nbad,maybe\n");
    expect_error(run({"eval", "whole", "data.test_file=maybe.csv"}), 2,
                 "line 2: the label \"maybe\" is none of the classes");
    expect_error(run({"eval", "whole", "data.test_file=none.csv"}), 2, "none.csv");
    expect_error(run({"eval", "whole", "data.test_file=other.csv", "--split", "train"}), 2,
                 "--split train is a part of");
    expect_error(run({"eval", "whole", "data.label=stars"}), 2, "data.label is for tables");
    EXPECT_FALSE(contains(file("whole/metrics.jsonl"), "other.csv"));
}

}  // namespace
}  // namespace heed::test::text_test
