#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "heed/core/files/safetensors.h"
#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::multi_label_test {
namespace {

constexpr const char* recipe =
    "model: {type: text_classifier, dim: 16, depth: 1, heads: 2, mlp_dim: 16, dropout: 0.1}\n"
    "tokenizer: {type: word, vocabulary: 100}\n"
    "data: {name: text_files, train_file: train.jsonl, test_file: test.jsonl, label: topics, label_separator: ';', "
    "length: 16, batch: 10}\n"
    "train: {epochs: 8, seed: 1}\n"
    "optimizer: {type: adamw, lr: 1e-2, schedule: constant, warmup: 1}\n"
    "threads: 1\n";

/// "the dear meal was good": a word for each label; "plain" has none. Every second has its labels as one text.
std::string rows(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
        const bool dear = i % 2 == 0, food = i % 3 == 0, good = i % 5 < 2;
        std::string labels;
        const auto add = [&](bool has, const std::string& label) {
            if (has) labels += (labels.empty() ? "" : i % 4 < 2 ? ";" : "\",\"") + label;
        };
        add(dear, "dear");
        add(food, "food");
        add(good, "praise");
        const std::string list = i % 4 < 2 ? "\"" + labels + "\"" : labels.empty() ? "[]" : "[\"" + labels + "\"]";
        text += std::string("{\"text\": \"the ") + (dear ? "dear " : "plain ") + (food ? "meal" : "film") + " was " +
                (good ? "good" : "there") + "\", \"topics\": " + list + "}\n";
    }
    return text;
}

class MultiLabel : public testing::Test {
protected:
    static void SetUpTestSuite() {
        folder_ = new TemporaryFolder;
        write_text(*folder_ / "train.jsonl", rows(120));
        write_text(*folder_ / "test.jsonl", rows(30));
        write_text(*folder_ / "labels.yaml", recipe);
        const ProgramResult result = run({"train", "labels.yaml", "run.dir=whole"});
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
    static std::string weights(const std::string& run_folder) {
        const SafetensorsFile open(*folder_ / (run_folder + "/checkpoints/last.safetensors"));
        const auto view = open.at("head.weight").bytes;
        return {reinterpret_cast<const char*>(view.data()), view.size()};
    }

    static TemporaryFolder* folder_;
};

TemporaryFolder* MultiLabel::folder_ = nullptr;

TEST_F(MultiLabel, AreLearntAndMeasured) {
    const ProgramResult result = run({"eval", "whole"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.output, "accuracy 100.00 %"));
    EXPECT_TRUE(contains(result.output, "micro_f1 1.0000\nmacro_f1 1.0000\n"));
    EXPECT_TRUE(contains(result.output, "food          10   100.00 %  100.00 %  100.00 %\n")) << result.output;
    const ProgramResult json = run({"eval", "whole", "--json"});
    EXPECT_TRUE(
        contains(json.output, R"("labels":[{"class":"dear","precision":1.0,"recall":1.0,"f1":1.0,"samples":15)"))
        << json.output;
    EXPECT_TRUE(contains(file("whole/metrics.jsonl"), "\"macro_f1\":1.0"));
    EXPECT_TRUE(contains(file("whole/log.txt"), "of 3 classes, any number a text"));
}

TEST_F(MultiLabel, PredictionsAreAllLabelsAboveOneHalf) {
    const ProgramResult result = predict("the dear meal was good\nthe plain film was there\nthe plain meal was good\n");
    ASSERT_EQ(result.code, 0) << result.errors;
    const std::string& all = result.output;
    const std::string first = all.substr(0, all.find('\n'));
    for (const char* label : {"dear ", "food ", "praise "}) EXPECT_TRUE(contains(first, label)) << first;
    EXPECT_TRUE(contains(all, "\nno label\tthe plain film was there\n")) << all;
    const std::string last = all.substr(all.find("there\n") + 6);
    EXPECT_FALSE(contains(last, "dear")) << last;
    EXPECT_TRUE(contains(last, "food ") && contains(last, "praise ")) << last;
    EXPECT_TRUE(contains(predict("the plain film was there\n", {"--top", "3"}).output, "  "));
    const ProgramResult json = predict("the plain meal was there\n", {"--json"});
    EXPECT_TRUE(begins_with(json.output, R"({"text":"the plain meal was there","labels":[1],"classes":["food"],"prob)"))
        << json.output;
}

TEST_F(MultiLabel, ATableIsMeasuredByItsLabels) {
    const ProgramResult csv = run({"predict", "whole", "test.jsonl", "--csv"});
    ASSERT_EQ(csv.code, 0) << csv.errors;
    EXPECT_TRUE(begins_with(csv.output, "text,truth,classes,P(dear),P(food),P(praise)\n")) << csv.output;
    EXPECT_TRUE(contains(csv.errors, "micro_f1 1.0000")) << csv.errors;
    const ProgramResult json = run({"predict", "whole", "test.jsonl", "--json"});
    EXPECT_TRUE(contains(json.output, "\"truth\":[\"")) << json.output;
    EXPECT_TRUE(contains(json.output, "{\"evaluation\":{")) << json.output;
    expect_error(run({"eval", "whole", "data.test_file=test.jsonl", "data.label_separator="}), 2,
                 "data.label_separator is missing");
}

TEST_F(MultiLabel, ScoresAreLogarithmsOfEachLabelsProbability) {
    write_text(*folder_ / "pairs.tsv",
               "dear\tthe dear meal was there\nfood\tthe dear meal was there\nfod\tx\nfood\ty\n");
    const ProgramResult result = run({"score", "whole", "pairs.tsv"});
    EXPECT_EQ(result.code, 2);
    EXPECT_TRUE(contains(result.errors, "pairs.tsv:3: there is no class \"fod\" (did you mean food?)"));
    double dear = 0, food = 0;
    ASSERT_EQ(std::sscanf(result.output.c_str(), "%lf\tdear\tthe dear meal was there\n%lf\tfood\t", &dear, &food), 2)
        << result.output;
    EXPECT_GT(std::exp(dear) + std::exp(food), 1.5);  // of one class only they would add up to less than 1
    EXPECT_FALSE(contains(result.output, "\ty\n"));
}

TEST_F(MultiLabel, AResumedTrainingHasTheSameBits) {
    const std::vector<std::string> settings = {"train.classes.balanced=true", "train.label_smoothing=0.1"};
    const auto train = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "train");
        arguments.insert(arguments.end(), settings.begin(), settings.end());
        return run(arguments);
    };
    ASSERT_EQ(train({"labels.yaml", "run.dir=constant", "train.epochs=3"}).code, 0);
    ASSERT_EQ(train({"labels.yaml", "run.dir=parts", "train.steps=17"}).code, 0);
    const ProgramResult result = run({"train", "parts", "--resume", "train.epochs=3"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_EQ(weights("parts"), weights("constant"));
    EXPECT_TRUE(contains(file("parts/log.txt"), "weights of the classes: dear "));
}

TEST_F(MultiLabel, ATeacherThatIsTheStudentHasNothingToTeach) {
    const ProgramResult result = run({"train", "labels.yaml", "run.dir=same", "init=whole", "model.dropout=0",
                                      "distill.weight=1", "train.steps=1", "train.test=false"});
    ASSERT_EQ(result.code, 0) << result.errors;
    const std::vector<MetricsRecord> records = read_metrics(*folder_ / "same/metrics.jsonl");
    const auto step = std::find_if(records.begin(), records.end(), [](const auto& r) { return r.event == "step"; });
    ASSERT_NE(step, records.end());
    EXPECT_LT(step->number("gradient_norm").value(), 1e-4);
}

TEST_F(MultiLabel, TheReportHasATableOfTheLabels) {
    ASSERT_EQ(run({"train", "labels.yaml", "run.dir=short", "train.steps=1", "optimizer.schedule=constant",
                   "optimizer.lr=1e-6"})
                  .code,
              0);
    const std::string page = file("short/report.html");
    for (const char* part : {"id=\"labels\"", "Texts with wrong labels", "Importance of words", "micro F1",
                             "<th scope=\"row\">praise</th><td>12</td>"}) {
        EXPECT_TRUE(contains(page, part)) << part;
    }
    EXPECT_FALSE(contains(page, "id=\"confusion\""));
}

TEST_F(MultiLabel, WrongInputIsRefused) {
    expect_error(run({"train", "labels.yaml", "train.classes.weights=[1, 2]"}), 2,
                 "train.classes.weights expects 3 numbers, one for each class (dear, food, praise), got 2");
    expect_error(run({"train", "labels.yaml", "train.classes.weights=[1, 2, -1]"}), 2,
                 "train.classes.weights expects a list of numbers from 0");
    expect_error(run({"train", "labels.yaml", "data.classes=[dear, food]"}), 2,
                 "line 1: the label \"praise\" is none of the classes dear and food");
    expect_error(run({"train", "labels.yaml", "data.label_separator="}), 2,
                 "(with data.label_separator a text can have any number)");
    expect_error(run({"predict", "whole", "missing.txt"}), 2, "cannot read missing.txt: No such file");
    expect_error(run({"predict", "whole", "."}), 2, "cannot read .: it is a folder");
}

TEST(ClassWeights, AreRefusedForTranslations) {
    const TemporaryFolder folder;
    write_text(folder / "pairs.yaml",
               "model: {type: translator, dim: 8, heads: 2}\ndata: {name: en_es}\n"
               "train: {classes: {balanced: true}}\n");
    expect_error(run_program(folder.path(), {"check", "pairs.yaml"}), 2,
                 "train.classes.balanced is for images and labelled texts, but data.name en_es holds translations");
}

TEST(ClassWeightsOfImages, AreScaledAndShown) {
    const TinyTraining tiny;
    ASSERT_EQ(tiny.train("plain").code, 0);
    ASSERT_EQ(tiny.train("equal", {"train.classes.weights=[2, 2, 2, 2]"}).code, 0);
    expect_close(tiny.losses("equal"), tiny.losses("plain"), 1e-5);
    ASSERT_EQ(tiny.train("first", {"train.classes.weights=[9, 1, 1, 1]"}).code, 0);
    EXPECT_GT(std::abs(tiny.losses("first")[0] - tiny.losses("plain")[0]), 1e-4);
    EXPECT_TRUE(contains(tiny.file("first/log.txt"), "weights of the classes: "));
    expect_error(tiny.train("wrong", {"train.classes.weights=[1, 2]"}), 2, "train.classes.weights expects 4 numbers");
    EXPECT_FALSE(tiny.exists("wrong"));
}

}  // namespace
}  // namespace heed::test::multi_label_test
