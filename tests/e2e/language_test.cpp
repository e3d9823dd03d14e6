#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/number_words.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::language_test {
namespace {

nlohmann::json only_json(const std::string& text) {
    return nlohmann::json::parse(text);
}

/// All tests look at the run "run": it has learnt the names of numbers, byte by byte.
class Language : public testing::Test {
protected:
    static void SetUpTestSuite() {
        tiny_ = new TinyTraining;
        write_text(tiny().folder / "numbers.txt", english_numbers(120));
        write_text(tiny().folder / "language.yaml",
                   "model: {type: language_model, dim: 16, depth: 1, heads: 2, mlp_dim: 32, dropout: 0}\n"
                   "data: {name: plain_text, train_files: [numbers.txt], root: '', batch: 8, context: 16, stride: 8,\n"
                   "       validation: 0.1, test: 0.1}\n"
                   "tokenizer: {type: byte}\n"
                   "train: {epochs: 0, steps: 30, eval_every: 0, eval_steps: 15, seed: 3}\n"
                   "optimizer: {type: adamw, lr: 1e-2, schedule: constant, warmup: 0}\n"
                   "threads: 1\n");
        result_ = train("run");
    }
    static void TearDownTestSuite() { delete tiny_; }

    static const TinyTraining& tiny() { return *tiny_; }
    static ProgramResult train(const std::string& dir, const std::vector<std::string>& more = {}) {
        return tiny().train_recipe("language.yaml", dir, more);
    }
    static ProgramResult generate(const std::string& prompt, std::vector<std::string> more = {}) {
        more.insert(more.begin(), {"generate", "run", "--prompt", prompt});
        return tiny().run(more);
    }
    static ProgramResult score(const std::string& text, std::vector<std::string> more = {}) {
        write_text(tiny().folder / "lines.txt", text);
        more.insert(more.begin(), {"score", "run", "lines.txt"});
        return tiny().run(more);
    }

    static TinyTraining* tiny_;
    static ProgramResult result_;
};

TinyTraining* Language::tiny_ = nullptr;
ProgramResult Language::result_;

TEST_F(Language, LearnsEvaluatesAndReports) {
    ASSERT_EQ(result_.code, 0) << result_.errors;
    const std::vector<double> losses = tiny().losses("run");
    EXPECT_LT(losses.back(), 0.6 * losses.front());
    EXPECT_NEAR(losses.front(), std::log(256.0), 1.0);
    for (const char* name : {"perplexity", "bits_per_byte"})
        EXPECT_EQ(tiny().values("run", "validation", name).size(), 2U);
    EXPECT_TRUE(contains(tiny().file("run/report.html"), "bits a byte"));
    const ProgramResult evaluation = tiny().run({"eval", "run", "--json", "data.eval_stride=4"});
    ASSERT_EQ(evaluation.code, 0) << evaluation.errors;
    EXPECT_GT(only_json(evaluation.output).at("perplexity"), 1.0);
    const ProgramResult info = tiny().run({"info", "run"});
    EXPECT_TRUE(contains(info.output, "windows of 16 tokens")) << info.errors;
    const ProgramResult check = tiny().run({"check", "language.yaml"});
    EXPECT_TRUE(contains(check.output, "16 a window")) << check.errors;
}

TEST_F(Language, GoesOnExactlyWhereItWasStopped) {
    ASSERT_EQ(train("stopped", {"train.steps=17"}).code, 0);
    ASSERT_EQ(tiny().run({"train", "language.yaml", "run.dir=stopped", "train.steps=30", "--resume"}).code, 0);
    EXPECT_EQ(tiny().losses("stopped").back(), tiny().losses("run").back());
}

TEST_F(Language, ScoreAddsUpTheLossOfTheText) {
    const ProgramResult lines = score("twenty one\nninety nine\n");
    ASSERT_EQ(lines.code, 0) << lines.errors;
    std::istringstream stream(lines.output);
    double sum = 0, per_token = 0;
    stream >> sum >> per_token;
    EXPECT_NEAR(sum / 9, per_token, 1e-3);
    const auto json = only_json(score("twenty one, which is longer than one window\n", {"--json"}).output);
    double tokens = 0;
    for (const auto& token : json.at("tokens")) tokens += token.at("log_probability").get<double>();
    EXPECT_EQ(json.at("tokens").size(), 42U);
    EXPECT_NEAR(json.at("log_probability").get<double>(), tokens, 1e-9);
    EXPECT_EQ(json.at("tokens")[0].at("token"), "w");
    write_text(tiny().folder / "other.txt", "twenty one");
    const auto evaluation =
        only_json(tiny().run({"eval", "run", "--json", "data.test_files=[other.txt]", "data.documents=lines"}).output);
    EXPECT_NEAR(evaluation.at("loss").get<double>(), -per_token, 1e-4);
    expect_error(score("fine\nx\n"), 2, "lines.txt:2: expected a text of at least two tokens");
}

TEST_F(Language, GeneratesTheSameTextFromTheSameSeed) {
    const ProgramResult first = generate("twenty", {"--length", "60", "--seed", "4"});
    ASSERT_EQ(first.code, 0) << first.errors;
    EXPECT_TRUE(begins_with(first.output, "twenty"));
    EXPECT_GE(first.output.size(), 66U);
    EXPECT_EQ(generate("twenty", {"--length", "60", "--seed", "4"}).output, first.output);
    EXPECT_NE(generate("twenty", {"--length", "60", "--seed", "5"}).output, first.output);
    const auto greedy = only_json(generate("twenty", {"--length", "9", "--greedy", "--json"}).output);
    EXPECT_EQ(greedy.at("text"),
              only_json(generate("twenty", {"--length=9", "--top-k=1", "--json"}).output).at("text"));
    const std::string text = greedy.at("text");
    EXPECT_EQ(text.size(), 15U);
    // The probability of what was written is that of heed score.
    if (text.find('\n') == std::string::npos) {
        const auto scored = only_json(score(text + "\n", {"--json"}).output);
        double sum = 0;
        for (size_t i = 5; i < 14; ++i) sum += scored.at("tokens")[i].at("log_probability").get<double>();
        EXPECT_NEAR(sum, greedy.at("log_probability").get<double>(), 1e-4);
    }
}

TEST_F(Language, WordsAndDocumentsAreCutAtLines) {
    const ProgramResult words = train("words", {"tokenizer.type=word", "data.context=3", "data.stride=0",
                                                "train.steps=2", "data.documents=lines", "model.positions=sinusoidal"});
    ASSERT_EQ(words.code, 0) << words.errors;
    EXPECT_TRUE(tiny().events("words", "test").front().number("perplexity").has_value());
    EXPECT_FALSE(tiny().events("words", "test").front().number("bits_per_byte").has_value());
    const ProgramResult text = tiny().run({"generate", "words", "--prompt", "twenty one", "--length", "20"});
    EXPECT_EQ(text.code, 0) << text.errors;
    const ProgramResult prompt = tiny().run({"generate", "words", "--prompt", "Twenty ZZZ ", "--length", "2"});
    EXPECT_TRUE(prompt.output.starts_with("Twenty ZZZ ")) << prompt.output;
    EXPECT_FALSE(prompt.output.starts_with("Twenty ZZZ  "));
    EXPECT_TRUE(contains(prompt.errors, "of the prompt")) << prompt.errors;
    write_text(tiny().folder / "unknown.txt", "one two\none ZZZ\n");
    const ProgramResult scored = tiny().run({"score", "words", "unknown.txt"});
    EXPECT_TRUE(contains(scored.errors, "unknown.txt:2: of 2 tokens 1 is unknown")) << scored.errors;
    EXPECT_FALSE(contains(scored.errors, "unknown.txt:1"));
    EXPECT_EQ(tiny().run({"eval", "words", "data.eval_context=6"}).code, 0);
    EXPECT_TRUE(contains(tiny().run({"generate", "words", "--prompt", "one two three four five"}).errors, "are kept"));
}

TEST_F(Language, RotaryPositionsReachBehindTheTrainingAndThroughASwap) {
    ASSERT_EQ(train("rotary", {"model.positions=rotary"}).code, 0);
    const auto loss = [&](const std::string& setting) {
        const ProgramResult result = tiny().run({"eval", "rotary", "--json", setting});
        EXPECT_EQ(result.code, 0) << result.errors;
        return only_json(result.output).at("loss").get<double>();
    };
    EXPECT_NEAR(loss("data.eval_context=24"), loss("data.eval_context=16"), 0.3 * loss("data.eval_context=16"));
    const ProgramResult text = tiny().run({"generate", "rotary", "--prompt", "twenty", "--length", "30"});
    EXPECT_EQ(text.code, 0) << text.errors;
    const auto swap = [&](const std::string& type) {
        return tiny().run({"finetune", "rotary", "attention.type=" + type, "train.steps=1", "run.dir=swapped_" + type});
    };
    const ProgramResult smyrf = swap("smyrf");
    EXPECT_EQ(smyrf.code, 0) << smyrf.errors;
    expect_error(swap("efficient"), 2, "attention type 'efficient' has no key projection");
    expect_error(swap("abc"), 2, "attention type 'abc' cannot have rotary positions");
}

TEST_F(Language, AMaskedModelIsTheBeginningOfATextClassifier) {
    const ProgramResult masked = train("masked", {"model.objective=masked", "data.stride=0"});
    ASSERT_EQ(masked.code, 0) << masked.errors;
    const std::vector<double> losses = tiny().losses("masked");
    EXPECT_LT(losses.back(), 0.8 * losses.front());
    EXPECT_EQ(tiny().run({"eval", "masked"}).code, 0);
    expect_error(tiny().run({"eval", "masked", "data.eval_stride=4"}), 2, "data.eval_stride 4 makes windows overlap");
    expect_error(tiny().run({"generate", "masked", "--prompt", "a"}), 2, "expects a model with model.objective causal");
    expect_error(tiny().run({"score", "masked", "numbers.txt"}), 2, "expects a model with model.objective causal");
    std::string table = "text,label\n";
    for (int number = 0; number < 40; ++number) {
        table += english_number(number) + (number % 2 == 0 ? ",even\n" : ",odd\n");
    }
    write_text(tiny().folder / "labelled.csv", table);
    write_text(tiny().folder / "classifier.yaml",
               "model: {type: text_classifier, dim: 16, depth: 1, heads: 2, mlp_dim: 32}\n"
               "data: {name: text_files, train_file: labelled.csv, root: '', batch: 8, length: 16}\n"
               "tokenizer: {type: byte}\ntrain: {epochs: 1}\nthreads: 1\n"
               "init: masked\ninit_strict: false\n");
    const ProgramResult classifier = tiny().run({"train", "classifier.yaml", "run.dir=classifier"});
    ASSERT_EQ(classifier.code, 0) << classifier.errors;
    EXPECT_TRUE(contains(classifier.errors, "embedding.weight, the first 256 of its 257 rows"));
    EXPECT_TRUE(contains(classifier.errors, "new, with their first values: head.weight"));
    EXPECT_FALSE(contains(classifier.errors, "dropped"));
    // Bytes have no unknown token, which else stands for a token that is taken away.
    write_text(tiny().folder / "line.txt", "twenty two");
    const ProgramResult explained = tiny().run({"explain", "classifier", "line.txt"});
    EXPECT_EQ(explained.code, 0) << explained.errors;
}

TEST_F(Language, ASweepOfACausalModelHasBlocksAsSmallAsItsClusters) {
    const ProgramResult sweep = tiny().run({"sweep", "run", "--scores", "25", "--rounds", "1", "--json"});
    ASSERT_EQ(sweep.code, 0) << sweep.errors;
    const nlohmann::json row = only_json(sweep.output.substr(sweep.output.find('\n')));
    EXPECT_EQ(row.at("cluster"), 4);
    EXPECT_LT(row.at("scores").get<double>(), 0.9) << "blocks of 64 tokens would be all 16 of the window";
    const ProgramResult swaps = tiny().run({"convert", "run", "attention.type=efficient", "--sensitivity"});
    ASSERT_EQ(swaps.code, 0) << swaps.errors;
    const size_t loss = swaps.output.find(" loss ");
    ASSERT_NE(loss, std::string::npos) << swaps.output;
    EXPECT_EQ(swaps.output.find(" loss ", loss + 1), std::string::npos) << "once, though the model is judged by it";
    expect_error(tiny().run({"export", "run", "exported"}), 2,
                 "no architecture for this model: expected an image classifier, a text classifier or a translator");
}

TEST_F(Language, ASweepMeasuresOverTheValuesOfASetting) {
    const ProgramResult table =
        tiny().run({"sweep", "run", "--over", "data.eval_context=4,8,16", "--page", "over.html"});
    ASSERT_EQ(table.code, 0) << table.errors;
    EXPECT_TRUE(contains(table.output, "of validation; no training\ndata.eval_context  accuracy")) << table.output;
    const std::string page = tiny().file("over.html");
    EXPECT_TRUE(contains(page, "<h1>run over data.eval_context</h1>"));
    EXPECT_TRUE(contains(page, "<svg")) << "numbers are drawn";
    const ProgramResult lines =
        tiny().run({"sweep", "run", "--over", "data.eval_context=4,16", "--json", "--split", "test"});
    ASSERT_EQ(lines.code, 0) << lines.errors;
    std::istringstream stream(lines.output);
    std::string first, second;
    ASSERT_TRUE(std::getline(stream, first) && std::getline(stream, second));
    const nlohmann::json narrow = nlohmann::json::parse(first), whole = nlohmann::json::parse(second);
    EXPECT_EQ(narrow.at("data.eval_context"), 4);
    EXPECT_EQ(whole.at("loss"), nlohmann::json::parse(tiny().run({"eval", "run", "--json"}).output).at("loss"));
    EXPECT_NE(narrow.at("loss"), whole.at("loss"));
    for (const char* gap : {"data.eval_context", "data.eval_context=", "data.eval_context=4,,8", "=4"}) {
        expect_error(tiny().run({"sweep", "run", "--over", gap}), 2, "--over expects a setting and its values");
    }
    expect_error(tiny().run({"sweep", "run", "--over", "data.eval_context=8,32"}), 2, "data.eval_context");
    expect_error(tiny().run({"sweep", "run", "--over", "model.depth=1,2"}), 2, "model.depth");
    expect_error(tiny().run({"sweep", "run", "--over", "data.eval_contxt=8"}), 2, "data.eval_context");
}

TEST_F(Language, RefusesWhatCannotBe) {
    write_text(tiny().folder / "short.txt", "only this");
    write_text(tiny().folder / "broken.txt", "b\xff\n" + std::string(300, 'x'));
    const auto refused = [&](const std::string& setting, const std::string& part) {
        expect_error(train("refused", {setting}), 2, part);
    };
    refused("data.train_files=[short.txt]",
            "the training text is shorter than one window: expected at least 17 tokens, got 7");
    refused("data.stride=17", "data.stride 17 leaves tokens out");
    refused("data.eval_context=32", "model.positions learned knows no place behind them");
    expect_error(train("refused", {"data.eval_context=32", "model.positions=none", "attention.type=super"}), 2,
                 "data.eval_context 32 is more than the 16 tokens of data.context, and attention type super knows no "
                 "place behind them");
    expect_error(train("refused", {"data.eval_context=99999", "model.positions=none"}), 2,
                 "data.eval_context 99999: the validation text is shorter than one window");
    expect_error(train("refused", {"data.train_files=[broken.txt]", "tokenizer.type=word"}), 2,
                 "broken.txt', line 1: expected UTF-8");
    expect_error(tiny().run({"generate", "run", "--prompt", "a", "--window", "17"}), 2,
                 "--window 17 is more than the 16");
    expect_error(tiny().run({"generate", "run", "--prompt", "a", "--top-p", "2"}), 2, "--top-p expects a number from");
    expect_error(tiny().run({"generate", "run", "--prompt", "a", "--greedy", "--seed", "2"}), 2, "--greedy takes the");
    expect_error(tiny().run({"generate", "run"}), 2, "expected a prompt of at least one token");
    // An empty prompt is no prompt that stands elsewhere.
    Program program(tiny().folder.path(), {"generate", "run", "--prompt", ""},
                    {"/bin/sh", "-c", "printf twenty | \"$0\" \"$@\""});
    expect_error(program.wait(), 2, "--prompt expects a value");
    expect_error(tiny().run({"predict", "run", "lines.txt"}), 2, "is a language model, which answers heed generate");
}

}  // namespace
}  // namespace heed::test::language_test
