#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/number_words.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/metrics/rouge.h"

namespace heed::test::summary_test {
namespace {

/// Documents of several lines, one of which counts: "the answer is twelve" between others.
nlohmann::json document(int number, int lines) {
    std::string text;
    for (int line = 0; line < lines; ++line) {
        text += line == number % lines ? "The answer is " + english_number(number) + ".\n"
                                       : "But " + english_number(line + 300) + " is no answer.\n";
    }
    return {{"id", number}, {"article", text}, {"summary", "The answer is " + english_number(number) + "."}};
}

std::string documents(int from, int to, int lines) {
    std::string text;
    for (int number = from; number < to; ++number) text += document(number, lines).dump() + "\n";
    return text;
}

std::vector<std::string> lines_in(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

/// All tests look at the run "run", whose encoder has SMYRF over documents of some 100 tokens.
class Summary : public testing::Test {
protected:
    static void SetUpTestSuite() {
        tiny_ = new TinyTraining;
        write_text(tiny().folder / "train.jsonl", documents(0, 60, 12));
        write_text(tiny().folder / "test.jsonl", documents(100, 108, 12));
        write_text(tiny().folder / "summaries.yaml",
                   "model: {type: translator, dim: 16, encoder_depth: 1, decoder_depth: 1, heads: 2, mlp_dim: 32,\n"
                   "        dropout: 0}\n"
                   "attention: {type: sdpa, encoder: {type: smyrf, rounds: 2, cluster: 16}}\n"
                   "data: {name: text_pairs, root: '', train_file: train.jsonl, test_file: test.jsonl,\n"
                   "       source: article, target: summary, tokens: 512, source_length: 80, target_length: 12,\n"
                   "       too_long: cut_source, validation: 0.1}\n"
                   "tokenizer: {type: word, vocabulary: 100}\n"
                   "decoding: {beam: 2, max_length: 10}\n"
                   "scores: {metrics: [rouge]}\n"
                   "train: {epochs: 3, seed: 3, rouge: {sentences: 4, chooses_best: rougeL}}\n"
                   "optimizer: {type: adamw, lr: 1e-2}\n"
                   "threads: 1\n");
        result_ = train("run", {});
    }
    static void TearDownTestSuite() { delete tiny_; }

    static const TinyTraining& tiny() { return *tiny_; }
    static ProgramResult train(const std::string& dir, const std::vector<std::string>& more) {
        return tiny().train_recipe("summaries.yaml", dir, more);
    }
    static ProgramResult translate(std::vector<std::string> more) {
        more.insert(more.begin(), {"translate", "run"});
        return tiny().run(more);
    }

    static TinyTraining* tiny_;
    static ProgramResult result_;
};

TinyTraining* Summary::tiny_ = nullptr;
ProgramResult Summary::result_;

TEST_F(Summary, IsScoredByRougeWhichChoosesTheBest) {
    ASSERT_EQ(result_.code, 0) << result_.errors;
    const std::vector<double> scores = tiny().values("run", "validation", "rougeL");
    ASSERT_EQ(scores.size(), 3U);
    EXPECT_EQ(tiny().values("run", "validation", "score"), scores);
    EXPECT_EQ(tiny().events("run", "validation").front().text("compared_by"), "ROUGE-L");
    EXPECT_FALSE(tiny().events("run", "test").front().number("bleu"));
    const std::string log = tiny().file("run/log.txt");
    EXPECT_TRUE(contains(log, ", ROUGE-1 ")) << log;
    EXPECT_TRUE(contains(log, "ROUGE-L|nrefs:1|stem:no|version:0.1.2 = "));
    EXPECT_TRUE(contains(log,
                         "longer than data.source_length 80 and data.target_length 12: 0 training pairs left "
                         "out; shortened 54 sources and 0 targets of training, 14 and 0 of validation and test"))
        << log;
    const std::string report = tiny().file("run/report.html");
    EXPECT_TRUE(contains(report, " ROUGE-1</b>")) << report.substr(0, 9000);
    EXPECT_TRUE(contains(report, "no test source has 5 to 20 tokens"));
    EXPECT_TRUE(contains(tiny().run({"info", "run"}).output, "ROUGE-L "));
}

TEST_F(Summary, TheScoresAreThoseOfWhatTranslateWrites) {
    const ProgramResult result = translate({"test.jsonl"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "heed: test.jsonl:8: ")) << result.errors;
    const std::vector<std::string> summaries = lines_in(result.output);
    ASSERT_EQ(summaries.size(), 8U);
    std::vector<std::vector<std::string>> references;
    for (int number = 100; number < 108; ++number) references.push_back({document(number, 12)["summary"]});
    const RougeScores mean = rouge_of_all(summaries, references).mean();
    EXPECT_GT(mean[0].f1, 0);
    const ProgramResult eval = tiny().run({"eval", "run", "--json"});
    ASSERT_EQ(eval.code, 0) << eval.errors;
    const nlohmann::json json = nlohmann::json::parse(eval.output);
    for (size_t form = 0; form < mean.size(); ++form) {
        const std::string name(rouge_names[form]);
        EXPECT_CLOSE(tiny().values("run", "test", name).back(), 100 * mean[form].f1, 1e-9) << name;
        EXPECT_CLOSE(json.at(name).get<double>(), 100 * mean[form].f1, 1e-9) << name;
        EXPECT_CLOSE(json.at(name + "_precision").get<double>(), 100 * mean[form].precision, 1e-9) << name;
        EXPECT_CLOSE(json.at(name + "_recall").get<double>(), 100 * mean[form].recall, 1e-9) << name;
    }
    const ProgramResult other = tiny().run({"eval", "run", "data.test_file=train.jsonl", "scores.metrics=[chrf]"});
    EXPECT_EQ(other.code, 0) << other.errors;
    EXPECT_TRUE(contains(other.output, "chrF2|") && !contains(other.output, "ROUGE")) << other.output;
}

TEST_F(Summary, RowsOfATableKeepTheirLines) {
    write_text(tiny().folder / "new.jsonl", R"({"text": "The answer\nis one."})"
                                            "\n"
                                            R"({"text": ""})"
                                            "\n");
    const ProgramResult result = translate({"new.jsonl", "data.source=text", "--json"});
    ASSERT_EQ(result.code, 0) << result.errors;
    const std::vector<std::string> lines = lines_in(result.output);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(nlohmann::json::parse(lines[0]).at("source"), "The answer\nis one.");
    EXPECT_EQ(nlohmann::json::parse(lines[1]).at("translations").at(0).at("text"), "");
    expect_error(translate({"new.jsonl"}), 2, "'new.jsonl', line 1: expected a key \"article\", found text");
    write_text(tiny().folder / "plain.txt", "The answer is two.\n");
    EXPECT_EQ(lines_in(translate({"plain.txt"}).output).size(), 1U);
    expect_error(translate({"plain.txt", "data.source=text"}), 2, "data.source is for tables (.csv, .tsv, .jsonl)");
    expect_error(translate({"plain.txt", "new.jsonl"}), 2, "heed translate expects tables or files with a text a line");
    expect_error(tiny().run({"eval", "run", "data.source=text"}), 2, "without data.test_file");
    expect_error(tiny().run({"eval", "run", "data.test_file=new.jsonl"}), 2, "expected a key \"article\"");
}

TEST_F(Summary, SourcesMayHave4096Tokens) {
    // Of two lengths, so that one is padded beside the other.
    write_text(tiny().folder / "long.jsonl", documents(0, 3, 900) + documents(3, 6, 300));
    const std::vector<std::string> settings = {"data.train_file=long.jsonl",
                                               "data.source_length=4096",
                                               "data.tokens=8192",
                                               "data.validation=0",
                                               "train.epochs=0",
                                               "train.steps=1",
                                               "optimizer.schedule=constant",
                                               "attention.encoder.cluster=64",
                                               "train.rouge.sentences=0",
                                               "train.rouge.chooses_best=none"};
    const ProgramResult result = train("long", settings);
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "shortened 3 sources")) << result.errors;
    EXPECT_EQ(tiny().losses("long").size(), 1U);
    std::vector<std::string> check = {"check", "summaries.yaml"};
    check.insert(check.end(), settings.begin(), settings.end());
    const ProgramResult checked = tiny().run(check);
    EXPECT_EQ(checked.code, 0) << checked.errors;
    EXPECT_TRUE(contains(checked.output, "4096 of a source and 11 of a translation at most")) << checked.output;
}

TEST_F(Summary, SettingsThatContradictEachOtherAreRefused) {
    expect_error(train("never", {"train.rouge.sentences=0"}), 2,
                 "train.rouge.chooses_best needs train.rouge.sentences above 0");
    expect_error(train("never", {"train.bleu.sentences=4", "train.bleu.chooses_best=true"}), 2,
                 "expected one of them to choose the best model");
    expect_error(train("never", {"train.bleu.sentences=3"}), 2, "expected as many as train.bleu.sentences (3)");
    expect_error(train("never", {"scores.metrics=[]"}), 2, "scores.metrics expects at least one");
    expect_error(train("never", {"scores.metrics=[rouge,rouge]"}), 2, "got rouge twice");
    expect_error(train("never", {"scores.metrics=[rogue]"}), 2, "rouge");
    expect_error(train("never", {"data.tokens=64"}), 2, "data.tokens 64 is less than the 80 tokens of a single text");
    EXPECT_FALSE(tiny().exists("never"));
}

TEST_F(Summary, IsATaskOfABenchmarkOfAttention) {
    write_text(tiny().folder / "grid.yaml",
               "seeds: 1\n"
               "tasks:\n"
               "  summaries:\n"
               "    recipe: summaries.yaml\n"
               "    settings: [train.epochs=0, train.steps=1, optimizer.schedule=constant]\n"
               "    place: attention.encoder\n"
               "    pattern: noncausal_self\n"
               "    more_is_better: [rouge1, rouge2, rougeL]\n"
               "types: {sdpa: {}, smyrf: {settings: [cluster=16]}}\n");
    const ProgramResult result = tiny().run({"cab", "grid.yaml", "--dir", "cab"});
    ASSERT_EQ(result.code, 0) << result.errors;
    const std::string values = tiny().file("cab/cab.csv");
    EXPECT_TRUE(contains(values, "noncausal_self,summaries,rougeL,higher,smyrf,")) << values;
}

}  // namespace
}  // namespace heed::test::summary_test
