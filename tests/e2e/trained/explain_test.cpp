#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/number_words.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::explain_test {
namespace {

using Json = nlohmann::json;

/// A text classifier of at most eight tokens, heads of two columns so that rows can change, a tiny image classifier and
/// a tiny translator. What they have learnt does not matter.
class Explain : public testing::Test {
protected:
    static void SetUpTestSuite() {
        tiny_ = new TinyTraining;
        const char* things[] = {"film", "book", "play", "song", "meal"};
        std::string rows = "text\tlabel\n", test_rows, pairs;
        for (int i = 0; i < 40; ++i) {
            rows +=
                std::string("the ") + things[i % 5] + " was a " + (i % 2 == 0 ? "good one\tyes\n" : "bad one\tno\n");
            if (i == 19) test_rows = rows;
            pairs += english_number(i) + "\t" + spanish_number(i) + "\n";
        }
        write_text(tiny().folder / "rows.tsv", rows);
        write_text(tiny().folder / "test.tsv", test_rows);
        write_text(tiny().folder / "pairs.tsv", pairs);
        write_text(tiny().folder / "texts.yaml",
                   "model: {type: text_classifier, dim: 8, depth: 2, heads: 4, mlp_dim: 16}\n"
                   "tokenizer: {type: word, vocabulary: 50}\n"
                   "data: {name: text_files, train_file: rows.tsv, test_file: test.tsv, text: [text], label: label, "
                   "length: 8, batch: 10}\ntrain: {epochs: 8, seed: 1}\noptimizer: {type: adamw, lr: 1e-2}\n"
                   "threads: 1\n");
        write_text(tiny().folder / "numbers.yaml",
                   "model: {type: translator, dim: 16, encoder_depth: 1, decoder_depth: 1, heads: 2, mlp_dim: 16}\n"
                   "data: {name: parallel_files, pair_files: [pairs.tsv], root: '', tokens: 128, length: 8,\n"
                   "       validation: 5, test: 8, split_seed: 1}\n"
                   "tokenizer: {type: word, vocabulary: 100}\ntrain: {epochs: 3, seed: 3}\n"
                   "optimizer: {type: adamw, lr: 1e-2, schedule: constant}\nthreads: 1\n");
        for (const std::vector<std::string>& training :
             {std::vector<std::string>{"train", "texts.yaml", "run.dir=texts"},
              {"train", "numbers.yaml", "run.dir=numbers"},
              TinyTraining::train_arguments("images", {"train.epochs=1"})}) {
            const ProgramResult result = tiny().run(training);
            ASSERT_EQ(result.code, 0) << result.errors;
        }
    }
    static void TearDownTestSuite() { delete tiny_; }

    static const TinyTraining& tiny() { return *tiny_; }
    static ProgramResult run(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "explain");
        return tiny().run(arguments);
    }
    static std::vector<Json> json_of(std::vector<std::string> arguments) {
        arguments.emplace_back("--json");
        const ProgramResult result = run(arguments);
        EXPECT_EQ(result.code, 0) << result.errors;
        std::istringstream stream(result.output);
        std::vector<Json> lines;
        for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
        return lines;
    }

    /// What holds for every prediction.
    static void expect_sound(const Json& json) {
        const size_t units = json["units"].size();
        const Json& check = json["implementation_check"];
        for (const char* weights : {"least_norm", "random_equivalent"}) {
            EXPECT_TRUE(check[weights]["same_prediction"]);
            EXPECT_LT(check[weights]["greatest_logit_difference"].get<double>(),
                      1e-4 * (1 + check["greatest_logit"].get<double>()));
        }
        EXPECT_EQ(json["removals"].size(), 2U);
        for (const Json& removal : json["removals"]) {
            EXPECT_EQ(removal["relevance"].size(), 8U);
            for (const auto& [measure, relevance] : removal["relevance"].items()) {
                EXPECT_EQ(relevance.size(), units);
                EXPECT_TRUE(removal["curves"].contains(measure));
                EXPECT_TRUE(!removal.contains("sufficient") || removal["sufficient"]["by_order"].contains(measure));
            }
        }
        for (const Json& head : json["heads"]) {
            const int64_t queries = head["queries"], changed = head["changed_rows"];
            EXPECT_EQ(head["rows_by_method"]["given row"], 0);
            EXPECT_LE(changed, queries);
            EXPECT_LE(head["rank"].get<double>(), head["value_dim"].get<double>() + 1);
        }
    }

    static TinyTraining* tiny_;
};

TinyTraining* Explain::tiny_ = nullptr;

TEST_F(Explain, Texts) {
    write_text(tiny().folder / "lines.txt",
               "the film was a good one\nfilm\nthe film was a bad one the film was a bad one the film was a bad one\n");
    const std::vector<Json> lines = json_of({"texts", "lines.txt", "--page", "texts.html"});
    ASSERT_EQ(lines.size(), 3U);
    int64_t changed = 0;
    for (size_t i = 0; i < 3; ++i) {
        expect_sound(lines[i]);
        for (const Json& head : lines[i]["heads"]) changed += head["changed_rows"].get<int64_t>();
    }
    EXPECT_GT(changed, 0) << "more than three keys for two columns";
    EXPECT_EQ(lines[0]["heads"].size(), 8U);
    EXPECT_EQ(lines[0]["input"], "lines.txt:1");
    const Json& necessary = lines[0]["removals"]["replacement"]["necessary"];
    ASSERT_FALSE(necessary["smallest"].is_null()) << "good is what tells the classes apart";
    EXPECT_EQ(lines[0]["units"][necessary["smallest"][0].get<size_t>()], "good");
    EXPECT_TRUE(necessary["proven"]);

    const std::string page = tiny().file("texts.html");
    EXPECT_TRUE(contains(page, "lines.txt:2"));
    const ProgramResult plain = run({"texts", "lines.txt", "--measures", "raw,least-norm", "--removal", "keys"});
    EXPECT_EQ(plain.code, 0);
    EXPECT_TRUE(contains(plain.output, "lines.txt:1: "));
    EXPECT_TRUE(contains(plain.output, "taken from the keys:"));
    EXPECT_FALSE(contains(plain.output, "rollout"));
    EXPECT_TRUE(contains(plain.errors, "lines.txt:3: ")) << "a text is longer than what the model reads";
}

TEST_F(Explain, SamplesOfASplit) {
    const std::vector<Json> lines =
        json_of({"texts", "--split", "test", "--samples", "4", "--search-runs", "0", "--page", "split.html"});
    ASSERT_EQ(lines.size(), 7U) << "four texts, for each removal what the measures find, and all heads over the texts";
    for (size_t i = 0; i < 4; ++i) expect_sound(lines[i]);
    EXPECT_EQ(lines[0]["truth"], Json({"yes"}));
    EXPECT_FALSE(lines[0]["removals"]["keys"].contains("necessary"));
    EXPECT_EQ(lines[5]["measures_over_inputs"]["removal"], "replacement");
    const Json& found = lines[5]["measures_over_inputs"]["measures"]["rollout"];
    EXPECT_EQ(found["comprehensiveness"].size(), 5U);
    EXPECT_EQ(found["comprehensiveness_area"]["above_raw"]["inputs"], 4);
    EXPECT_TRUE(contains(tiny().file("split.html"), "class=\"c0 band\""));
    const Json& heads = lines[6]["heads_over_inputs"];
    EXPECT_EQ(heads["predictions"], 4);
    EXPECT_EQ(heads["implementation_check"]["least_norm"]["same_predictions"], 4);
    ASSERT_EQ(heads["heads"].size(), lines[0]["heads"].size());
    int64_t queries = 0;
    double entropy = 0.0;
    for (size_t i = 0; i < 4; ++i) {
        const Json& head = lines[i]["heads"][0];
        queries += head["queries"].get<int64_t>();
        entropy += head["queries"].get<double>() * head["entropy"].get<double>();
    }
    EXPECT_EQ(heads["heads"][0]["queries"], queries);
    EXPECT_NEAR(heads["heads"][0]["entropy"].get<double>(), entropy / static_cast<double>(queries), 1e-9);
    EXPECT_TRUE(contains(tiny().file("split.html"), "<section id=\"heads\">"));
}

TEST_F(Explain, Images) {
    const std::vector<Json> lines =
        json_of({"images", "data/t10k-images-idx3-ubyte", "--samples", "2", "--page", "images.html"});
    ASSERT_EQ(lines.size(), 2U);
    expect_sound(lines[0]);
    expect_sound(lines[1]);
    EXPECT_EQ(lines[0]["units"].size(), 5U);
    EXPECT_EQ(lines[0]["fixed"], Json({0})) << "the class token";
    EXPECT_TRUE(contains(tiny().file("images.html"), "class=\"patches units\""));
}

TEST_F(Explain, Translations) {
    write_text(tiny().folder / "sentences.txt", "twenty one\tveinte y uno\n");
    const std::vector<Json> lines = json_of({"numbers", "sentences.txt", "--page", "numbers.html"});
    ASSERT_GE(lines.size(), 2U) << "one for each token of the translation";
    for (size_t i = 0; i < lines.size(); ++i) {
        expect_sound(lines[i]);
        EXPECT_EQ(lines[i]["position"], i + 1);
    }
    EXPECT_EQ(lines[0]["heads"].size(), 6U) << "encoder, decoder and cross-attention";
    EXPECT_TRUE(contains(tiny().file("numbers.html"), "Token of the translation"));
    EXPECT_EQ(json_of({"numbers", "sentences.txt", "--position", "2"}).at(0)["position"], 2);
}

TEST_F(Explain, RefusesWhatCannotBe) {
    write_text(tiny().folder / "lines.txt", "the film\n");
    write_text(tiny().folder / "empty.txt", "");
    write_text(tiny().folder / "broken.txt", "the film\n\xff\n");
    expect_error(run({"texts", "empty.txt", "--page", "none.html"}), 2, "there is nothing to explain: empty.txt has");
    expect_error(run({"texts", "missing.txt"}), 2, "missing.txt");
    const ProgramResult broken = run({"texts", "broken.txt", "--page", "none.html"});
    expect_error(broken, 2, "broken.txt:2");
    EXPECT_TRUE(contains(broken.output, "broken.txt:1: ")) << "the lines before are explained";
    EXPECT_FALSE(tiny().exists("none.html"));
    expect_error(run({"texts", "lines.txt", "--measures", "raw,rolout"}), 2, "did you mean rollout?");
    expect_error(run({"texts", "lines.txt", "--removal", "keys,keys"}), 2, "twice");
    expect_error(run({"texts", "lines.txt", "--split", "test"}), 2, "takes no files");
    expect_error(run({"texts", "lines.txt", "--page", "lines.txt"}), 2, ".html");
    expect_error(run({"texts", "lines.txt", "--page", "nowhere/page.html"}), 2, "nowhere");
    expect_error(run({"texts", "lines.txt", "--search-runs", "-1"}), 2, "--search-runs expects");
    expect_error(run({"texts", "lines.txt", "model.dim=4"}), 2, "takes no other settings");
    expect_error(run({"absent", "lines.txt"}), 2, "absent");
}

}  // namespace
}  // namespace heed::test::explain_test
