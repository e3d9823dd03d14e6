#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "heed/core/files/safetensors.h"
#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/number_words.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::translation_test {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

/// All tests look at the run "run": it has learnt numbers below 300, with one tokenizer for each language.
class Translation : public testing::Test {
protected:
    static void SetUpTestSuite() {
        tiny_ = new TinyTraining;
        std::string pairs;
        for (int number = 0; number < 300; ++number) {
            pairs += english_number(number) + "\t" + spanish_number(number) + "\n";
        }
        write_text(tiny().folder / "pairs.tsv", pairs);
        write_text(tiny().folder / "numbers.yaml",
                   "model: {type: translator, dim: 32, encoder_depth: 1, decoder_depth: 1, heads: 2, mlp_dim: 64}\n"
                   "data: {name: parallel_files, pair_files: [pairs.tsv], root: '', tokens: 128, length: 8,\n"
                   "       validation: 5, test: 8, split_seed: 1}\n"
                   "tokenizer: {type: word, vocabulary: 100}\n"
                   "train: {epochs: 2, seed: 3, label_smoothing: 0.1}\n"
                   "optimizer: {type: adamw, lr: 1e-2}\n"
                   "threads: 1\n");
        result_ = train("run", {"train.epochs=15", "model.dropout=0"});
    }
    static void TearDownTestSuite() { delete tiny_; }

    static const TinyTraining& tiny() { return *tiny_; }
    static ProgramResult train(const std::string& dir, const std::vector<std::string>& more) {
        return tiny().train_recipe("numbers.yaml", dir, more);
    }
    /// Translates a text by way of a file.
    static ProgramResult translate(const std::string& text, std::vector<std::string> more = {}) {
        write_text(tiny().folder / "input.txt", text);
        more.insert(more.begin(), {"translate", "run", "input.txt"});
        return tiny().run(more);
    }
    static ProgramResult score(const std::string& text, std::vector<std::string> more = {}) {
        write_text(tiny().folder / "pairs.txt", text);
        more.insert(more.begin(), {"score", "run", "pairs.txt"});
        return tiny().run(more);
    }

    static TinyTraining* tiny_;
    static ProgramResult result_;
};

TinyTraining* Translation::tiny_ = nullptr;
ProgramResult Translation::result_;

TEST_F(Translation, AllThreePlacesCanBeSwapped) {
    const ProgramResult result = tiny().run({"convert", "run", "attention.type=optimised",
                                             "attention.decoder.type=super", "--to", "other.safetensors", "--json"});
    ASSERT_EQ(result.code, 0) << result.errors;
    const nlohmann::json json = nlohmann::json::parse(result.output);
    ASSERT_EQ(json.at("layers").size(), 3U);
    for (const auto& layer : json.at("layers")) EXPECT_GT(layer.at("outputs_r2").get<double>(), 0.5) << layer;
    EXPECT_LT(json.at("after").at("loss").get<double>(), json.at("before").at("loss").get<double>() + 1.0);
    write_text(tiny().folder / "input.txt", "two hundred thirty-one\n");
    EXPECT_EQ(tiny().run({"translate", "other.safetensors", "input.txt"}).code, 0);
}

TEST_F(Translation, ATeacherThatIsTheStudentHasNothingToTeach) {
    const ProgramResult result = train("same", {"init=run", "model.dropout=0", "distill.weight=1", "train.steps=1",
                                                "train.test=false", "optimizer.schedule=constant"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_LT(tiny().values("same", "step", "gradient_norm").front(), 1e-4);
}

TEST_F(Translation, SettingsOfTheSearchAreTakenAndOthersRefused) {
    const std::string one = "two hundred thirty-one\n";
    EXPECT_EQ(translate(one, {"decoding.beam=1"}).output, translate(one, {"--beam", "1"}).output);
    const ProgramResult cut = translate(one, {"decoding.max_length=1", "threads=1"});
    EXPECT_EQ(cut.code, 0) << cut.errors;
    EXPECT_EQ(std::count(cut.output.begin(), cut.output.end(), ' '), 0) << cut.output;
    expect_error(
        translate(one, {"data.batch=3"}), 2,
        "takes no other settings than data.name, data.format, data.separator, data.header, data.source, decoding.*, "
        "threads, device, precision and attention.*, got \"data.batch\"");
    expect_error(translate(one, {"decoding.beem=3"}), 2, "(did you mean decoding.beam?)");
    expect_error(translate(one, {"decoding.beam=3", "--beam", "4"}), 2,
                 "--beam and decoding.beam say the same: expected one of them");
    expect_error(score("one\tuno\n", {"decoding.beam=3"}), 2,
                 "takes no other settings than threads, device, precision and attention.*, got \"decoding.beam\"");
    EXPECT_EQ(score("one\tuno\n", {"threads=1"}).code, 0);
}

TEST_F(Translation, OtherTestFilesAreMeasuredAndSaySo) {
    write_text(tiny().folder / "other.en", "seven\neight\n");
    write_text(tiny().folder / "other.es", "siete\nocho\n");
    const std::vector<std::string> files = {"data.test_source=other.en", "data.test_target=other.es"};
    const auto eval = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"eval", "run"});
        return tiny().run(more);
    };
    const ProgramResult result = eval({files[0], files[1], "decoding.beam=2"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.output, "other.es' (not the test set of the run), model after step ")) << result.output;
    EXPECT_TRUE(contains(result.output, "\nBLEU|"));
    EXPECT_TRUE(contains(eval({files[0], files[1], "--json"}).output, "{\"split\":\"other\",\"files\":"));
    expect_error(eval({files[0]}), 2, "data.test_target is missing");
    write_text(tiny().folder / "other.es", "siete\n");
    expect_error(eval(files), 2, "expected as many lines");
    expect_error(translate("one\n", {"--attention", "nowhere/page.html"}), 2, "cannot write nowhere/page.html");
}

TEST_F(Translation, LearnsAndSaysHowWellInLogMetricsAndReport) {
    ASSERT_EQ(result_.code, 0) << result_.errors;
    const std::vector<double> losses = tiny().losses("run");
    EXPECT_LT(losses.back(), 0.7 * losses.front());
    EXPECT_GT(tiny().values("run", "validation", "accuracy").back(), 0.7);
    EXPECT_EQ(tiny().values("run", "test", "bleu").size(), 1U);
    EXPECT_GT(tiny().values("run", "test", "chrf").back(), 50.0);
    EXPECT_CLOSE(tiny().values("run", "test", "perplexity").back(),
                 std::exp(tiny().values("run", "test", "loss").back()), 1e-6);
    EXPECT_TRUE(contains(tiny().file("run/log.txt"), "BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|"));
    EXPECT_TRUE(contains(tiny().file("run/report.html"), "id=\"translations\""));
    EXPECT_TRUE(tiny().exists("run/source_tokenizer.word"));
    EXPECT_TRUE(tiny().exists("run/target_tokenizer.word"));
}

TEST_F(Translation, WeightsThatVisitHardlyAnyPairAreRefusedBeforeTraining) {
    const ProgramResult none = train("hardly", {"data.weights=[0.001]"});
    EXPECT_EQ(none.code, 2) << none.errors;
    EXPECT_TRUE(contains(none.errors, "data.weights [0.001]: an epoch visits 0.29 of the 28")) << none.errors;
    const ProgramResult few = train("few", {"data.weights=[0.004]", "train.epochs=30"});
    EXPECT_EQ(few.code, 0) << few.errors;
}

TEST_F(Translation, ValidationKeepsTheCheckpointOfTheLeastLoss) {
    const std::vector<double> losses = tiny().values("run", "validation", "loss");
    const double least = *std::min_element(losses.begin(), losses.end());
    const ProgramResult info = tiny().run({"info", "run"});
    ASSERT_EQ(info.code, 0) << info.errors;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "loss %.4f at best", least);
    EXPECT_TRUE(contains(info.output, text.data())) << info.output;
    EXPECT_TRUE(contains(info.output, "source and"));
}

TEST_F(Translation, BleuOnTheWayChoosesTheBestModel) {
    const ProgramResult trained = train("bleu", {"train.epochs=8", "model.dropout=0", "train.bleu.sentences=4",
                                                 "train.bleu.chooses_best=true", "run.tensorboard=true"});
    ASSERT_EQ(trained.code, 0) << trained.errors;
    const std::vector<double> scores = tiny().values("bleu", "validation", "bleu");
    ASSERT_EQ(scores.size(), 8U);
    EXPECT_EQ(tiny().values("bleu", "validation", "score"), scores);
    EXPECT_EQ(tiny().events("bleu", "validation").front().text("compared_by"), "BLEU");
    const auto best = std::max_element(scores.begin(), scores.end());
    EXPECT_GT(*best, 0.0);
    const auto place = static_cast<size_t>(best - scores.begin());
    EXPECT_EQ(tiny().values("bleu", "test", "step").at(0), tiny().values("bleu", "validation", "step").at(place));
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "BLEU %.2f", *best);
    EXPECT_TRUE(contains(tiny().file("bleu/log.txt"), std::string(", ") + text.data()));
    EXPECT_TRUE(contains(tiny().run({"info", "bleu"}).output, std::string(text.data()) + " at best"));
    EXPECT_TRUE(contains(tiny().file("bleu/events.out.tfevents.heed"), "validation/bleu"));
    // Some of the split, which does not choose.
    ASSERT_EQ(train("some", {"train.epochs=1", "train.bleu.sentences=2"}).code, 0);
    EXPECT_EQ(tiny().values("some", "validation", "bleu").size(), 1U);
    EXPECT_EQ(tiny().events("some", "validation").front().text("compared_by"), "loss");
    expect_error(train("none", {"train.bleu.chooses_best=true"}), 2,
                 "train.bleu.chooses_best needs train.bleu.sentences above 0");
    EXPECT_TRUE(tiny().values("run", "validation", "loss").size() > 0 &&
                !tiny().events("run", "validation").front().number("bleu"));
}

TEST_F(Translation, EvalGivesTheNumbersOfTheTraining) {
    const ProgramResult eval = tiny().run({"eval", "run", "--json"});
    ASSERT_EQ(eval.code, 0) << eval.errors;
    const nlohmann::json json = nlohmann::json::parse(eval.output);
    for (const char* name : {"loss", "accuracy", "bleu", "chrf", "perplexity"}) {
        EXPECT_CLOSE(json[name].get<double>(), tiny().values("run", "test", name).back(), 1e-9) << name;
    }
    EXPECT_TRUE(json["scores"][0].get<std::string>().starts_with("BLEU|"));
    const ProgramResult validation = tiny().run({"eval", "run", "--split", "validation"});
    EXPECT_EQ(validation.code, 0) << validation.errors;
    EXPECT_TRUE(contains(validation.output, "chrF2|"));
}

TEST_F(Translation, KeepsTheOrderOfTheLinesAndTheirNumber) {
    std::string input;
    for (int number = 0; number < 100; ++number) input += english_number(number) + (number % 10 == 3 ? "\n\n" : "\n");
    const ProgramResult result = translate(input);
    ASSERT_EQ(result.code, 0) << result.errors;
    const std::vector<std::string> lines = lines_of(result.output);
    ASSERT_EQ(lines.size(), 110U);
    int right = 0;
    size_t line = 0;
    for (int number = 0; number < 100; ++number) {
        right += lines[line++] == spanish_number(number) ? 1 : 0;
        if (number % 10 == 3) {
            EXPECT_EQ(lines[line++], "");
        }
    }
    EXPECT_GE(right, 80);
}

TEST_F(Translation, ReadsStandardInputAsItComes) {
    // The second line is written only after the answer to the first one has been read.
    write_text(tiny().folder / "conversation.sh",
               "mkfifo questions answers\n"
               "\"$HEED_BINARY\" translate run < questions > answers &\n"
               "exec 3> questions 4< answers\n"
               "echo 'forty two' >&3; read -r first <&4\n"
               "echo seven >&3; read -r second <&4\n"
               "exec 3>&-; wait; echo \"$first,$second\" > conversation\n");
    const std::string command = "cd '" + tiny().folder.path() + "' && timeout 60 sh conversation.sh";
    ASSERT_EQ(std::system(command.c_str()), 0);
    EXPECT_EQ(tiny().file("conversation"), spanish_number(42) + "," + spanish_number(7) + "\n");
}

TEST_F(Translation, GivesSeveralTranslationsOrderedByScore) {
    const ProgramResult plain = translate("forty two\nnine\n", {"--n-best", "3"});
    ASSERT_EQ(plain.code, 0) << plain.errors;
    const std::vector<std::string> lines = lines_of(plain.output);
    ASSERT_EQ(lines.size(), 6U);
    EXPECT_TRUE(lines[0].starts_with("1\t-") && lines[0].ends_with("\t" + spanish_number(42))) << lines[0];
    EXPECT_TRUE(lines[3].starts_with("2\t-")) << lines[3];
    const ProgramResult json = translate("forty two\n", {"--n-best", "3", "--beam", "5", "--json"});
    ASSERT_EQ(json.code, 0) << json.errors;
    const nlohmann::json parsed = nlohmann::json::parse(json.output);
    ASSERT_EQ(parsed["translations"].size(), 3U);
    EXPECT_GE(parsed["translations"][0]["score"], parsed["translations"][1]["score"]);
    EXPECT_GE(parsed["translations"][1]["score"], parsed["translations"][2]["score"]);
    expect_error(translate("one\n", {"--n-best", "9"}), 2, "--n-best 9 expects a beam of at least as many");
    expect_error(translate("one\n", {"--beam", "none"}), 2, "--beam expects a whole number");
}

TEST_F(Translation, ScoreIsTheLogProbabilityThatTheSearchGave) {
    const ProgramResult searched = translate("forty two\n", {"--json"});
    const nlohmann::json best = nlohmann::json::parse(searched.output)["translations"][0];
    const std::string text = best["text"];
    const ProgramResult result = score("forty two\t" + text + "\nforty two\tnueve\n", {"--json"});
    ASSERT_EQ(result.code, 0) << result.errors;
    const std::vector<std::string> lines = lines_of(result.output);
    ASSERT_EQ(lines.size(), 2U);
    const nlohmann::json good = nlohmann::json::parse(lines[0]), bad = nlohmann::json::parse(lines[1]);
    EXPECT_NEAR(good["log_probability"].get<double>(), best["log_probability"].get<double>(), 1e-3);
    EXPECT_EQ(good["tokens"].size(), best["tokens"].get<size_t>());
    EXPECT_GT(good["per_token"].get<double>(), bad["per_token"].get<double>());
    expect_error(score("forty two nueve\n"), 2,
                 "pairs.txt:1: expected a source and its translation, separated by one tab");
    expect_error(score("one\t\n"), 2, "pairs.txt:1: expected a source and a translation");
}

TEST_F(Translation, RefusesTextsThatAreNoneAfterTheAnswersBeforeThem) {
    const ProgramResult broken = translate("seven\nn\xffine\n");
    EXPECT_EQ(broken.code, 2);
    EXPECT_EQ(lines_of(broken.output).size(), 1U);
    EXPECT_TRUE(contains(broken.errors, "input.txt:2: expected text, found broken UTF-8")) << broken.errors;
    expect_error(translate(std::string("a\0b\n", 4)), 2, "input.txt:1: expected text, found a NUL byte");
    const ProgramResult large = translate("seven\n" + std::string(10'000'000, 'a') + "\n");
    EXPECT_EQ(large.code, 2);
    EXPECT_EQ(large.output, spanish_number(7) + "\n");
    EXPECT_TRUE(contains(large.errors, "input.txt:2: expected a line of at most")) << large.errors;
    const ProgramResult longer = translate("one two three four five six seven eight nine ten eleven\n");
    EXPECT_EQ(longer.code, 0) << longer.errors;
    EXPECT_TRUE(contains(longer.errors, "input.txt:1: 11 tokens, but the model reads 7")) << longer.errors;
    EXPECT_EQ(lines_of(longer.output).size(), 1U);
    expect_error(tiny().run({"translate", "run", "nowhere.txt"}), 2, "cannot read nowhere.txt");
    expect_error(tiny().run({"predict", "run", "input.txt"}), 2, "is a translator");
}

TEST_F(Translation, AResumedTrainingEndsWithTheSameBits) {
    const std::vector<std::string> settings = {"data.tokens=64",    "train.accumulate=2", "data.joint_vocabulary=true",
                                               "model.tie=all",     "train.ema=0.9",      "optimizer.schedule=constant",
                                               "optimizer.warmup=1"};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.end(), settings.begin(), settings.end());
        return more;
    };
    ASSERT_EQ(train("whole", with({"train.steps=9"})).code, 0);
    const ProgramResult first = train("parts", with({"train.steps=4"}));
    ASSERT_EQ(first.code, 0) << first.errors;
    const ProgramResult rest = train("parts", with({"train.steps=9", "--resume"}));
    ASSERT_EQ(rest.code, 0) << rest.errors;
    EXPECT_EQ(tiny().losses("whole"), tiny().losses("parts"));
    const SafetensorsFile a(tiny().folder / "whole/checkpoints/last.safetensors");
    const SafetensorsFile b(tiny().folder / "parts/checkpoints/last.safetensors");
    ASSERT_EQ(a.tensors().size(), b.tensors().size());
    for (const StoredTensor& tensor : a.tensors()) {
        const StoredTensor& other = b.at(tensor.name);
        EXPECT_TRUE(std::equal(tensor.bytes.begin(), tensor.bytes.end(), other.bytes.begin(), other.bytes.end()))
            << tensor.name;
    }
    EXPECT_NE(a.find("data.tokenizer"), nullptr);
}

TEST_F(Translation, CountsAllReferencesBesideTheFirst) {
    std::string pairs;
    for (int number = 0; number < 100; ++number) {
        for (const char* before : {"", "el "})
            pairs += english_number(number) + "\t" + before + spanish_number(number) + "\n";
    }
    write_text(tiny().folder / "twice.tsv", pairs);
    const ProgramResult result = train("twice", {"data.pair_files=[twice.tsv]", "train.epochs=20", "model.dropout=0"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "BLEU|nrefs:1|")) << result.errors;
    EXPECT_TRUE(contains(result.errors, "BLEU|nrefs:2|")) << result.errors;
    EXPECT_GE(tiny().values("twice", "test", "bleu_multi").back(), tiny().values("twice", "test", "bleu").back());
    EXPECT_TRUE(contains(tiny().file("twice/report.html"), "<p class=\"reference\">el "));
}

TEST_F(Translation, EveryAttentionTypeTrainsAndTranslatesInEveryPlace) {
    for (const std::string type : {"sdpa", "optimised", "efficient", "super", "smyrf"}) {
        for (const std::string place : {"attention", "attention.encoder", "attention.decoder", "attention.cross"}) {
            if (type == "sdpa" && place != "attention") continue;
            std::vector<std::string> settings = {"train.steps=3", place + ".type=" + type};
            if (type == "smyrf") settings.push_back(place + ".cluster=4");
            const ProgramResult result = train(type + "-" + place, settings);
            ASSERT_EQ(result.code, 0) << type << " " << place << result.errors;
            write_text(tiny().folder / "input.txt", "seven\n");
            EXPECT_EQ(tiny().run({"translate", type + "-" + place, "input.txt"}).code, 0) << type << " " << place;
        }
    }
}

TEST_F(Translation, TheLogAndInfoCountTheSameParameters) {
    const std::vector<std::string> settings = {"train.steps=1", "optimizer.schedule=constant",
                                               "attention.decoder.type=super"};
    ASSERT_EQ(train("counted", settings).code, 0);
    // Of the alignment matrix in each decoder layer the lower triangle counts.
    const ProgramResult info = tiny().run({"info", "counted"});
    ASSERT_EQ(info.code, 0) << info.errors;
    std::smatch alignment, total, logged;
    ASSERT_TRUE(std::regex_search(info.output, alignment, std::regex("alignment.weight +\\[(\\d+), \\1\\] +(\\d+)\n")));
    EXPECT_EQ(std::stoll(alignment[2]), std::stoll(alignment[1]) * (std::stoll(alignment[1]) + 1) / 2);
    ASSERT_TRUE(std::regex_search(info.output, total, std::regex("\n  in all +(\\d+)\n")));
    const std::string log = tiny().file("counted/log.txt");
    ASSERT_TRUE(std::regex_search(log, logged, std::regex(" (\\d+) parameters")));
    EXPECT_EQ(logged[1], total[1]);
}

TEST_F(Translation, DrawsTheAttentionOfItsTranslations) {
    const std::string report = tiny().file("run/report.html");
    EXPECT_TRUE(contains(report, "<section id=\"alignments\">"));
    EXPECT_TRUE(contains(report, "<caption>layer 0, mean of 2 heads</caption>"));
    const ProgramResult result = translate("forty-two\n\nnine\n", {"--attention", "page.html"});
    ASSERT_EQ(result.code, 0) << result.errors;
    const std::string page = tiny().file("page.html");
    EXPECT_TRUE(contains(page, "forty-two<br/><b>" + lines_of(result.output)[0] + "</b>"));
    EXPECT_TRUE(contains(page, "<th scope=\"col\"><span>forty</span></th>"));
    EXPECT_TRUE(contains(page, "<span>nine</span>"));
    EXPECT_FALSE(contains(page, "://")) << "it needs no network";
    expect_error(translate("one\n", {"--attention", "page.txt"}), 2, "--attention expects a file that ends in .html");
}

TEST_F(Translation, WatchesTheAttentionOfAllPlaces) {
    ASSERT_EQ(train("watched", {"train.steps=3", "train.watch_every=2", "attention.decoder.type=smyrf",
                                "attention.decoder.cluster=2", "attention.decoder.block=2"})
                  .code,
              0);
    const std::vector<MetricsRecord> watched = tiny().events("watched", "watch");
    ASSERT_EQ(watched.size(), 1U);
    for (const char* name : {"update_ratio", "attention_entropy.0", "attention_entropy.decoder.0",
                             "attention_entropy.cross.0", "covered_mass.decoder.0"}) {
        EXPECT_GT(watched[0].number(name).value_or(-1), 0) << name;
    }
    EXPECT_LT(*watched[0].number("covered_mass.decoder.0"), 1);
    EXPECT_FALSE(watched[0].number("covered_mass.cross.0")) << "sdpa computes all pairs";
}

TEST_F(Translation, InfoNamesTheAttentionOfEachPlace) {
    ASSERT_EQ(train("mixed", {"train.steps=1", "optimizer.schedule=constant", "attention.cross.type=efficient"}).code,
              0);
    EXPECT_TRUE(contains(tiny().run({"info", "mixed"}).output,
                         "attention   sdpa (encoder), sdpa (decoder), efficient (cross)\n"));
    EXPECT_TRUE(contains(tiny().run({"info", "run"}).output, "attention   sdpa\n"));
}

TEST_F(Translation, CheckTellsSizeAndMemory) {
    const ProgramResult check = tiny().run({"check", "numbers.yaml"});
    ASSERT_EQ(check.code, 0) << check.errors;
    EXPECT_TRUE(contains(check.output, "pairs of that length at a time")) << check.output;
    EXPECT_TRUE(contains(check.output, "with two vocabularies of 100 tokens (fewer where the texts have fewer)"));
    EXPECT_TRUE(contains(check.output, "8 of a source and 7 of a translation at most"));
    EXPECT_TRUE(contains(check.output,
                         "known with the data alone, which are not looked at: 2 epochs of at least as "
                         "many as there are target tokens / 128"))
        << check.output;
    const ProgramResult mixed = tiny().run({"check", "numbers.yaml", "attention.decoder.type=super", "train.steps=50"});
    ASSERT_EQ(mixed.code, 0) << mixed.errors;
    EXPECT_TRUE(contains(mixed.output, "sdpa (encoder), super (decoder), sdpa (cross)")) << mixed.output;
    EXPECT_TRUE(contains(mixed.output, "steps           50\n")) << mixed.output;
    expect_error(tiny().run({"check", "numbers.yaml", "model.tie=all"}), 2, "needs one vocabulary of both languages");
    expect_error(tiny().run({"check", "numbers.yaml", "attention.cross.type=spda"}), 2, "did you mean");
}

TEST_F(Translation, RefusesDataThatDoNotFitBeforeThereIsARunFolder) {
    expect_error(train("never", {"data.length=4", "data.tokens=16", "data.pair_files=[long.tsv]"}), 2, "long.tsv");
    write_text(tiny().folder / "one.txt", "a\nb\n");
    write_text(tiny().folder / "other.txt", "a\nb\nc\n");
    expect_error(train("never", {"data.source_files=[one.txt]", "data.target_files=[other.txt]", "data.pair_files=[]"}),
                 2, "3");
    std::string pairs;
    for (int number = 0; number < 40; ++number)
        pairs += english_number(number) + " and two more\t" + spanish_number(number) + "\n";
    write_text(tiny().folder / "and.tsv", pairs);
    expect_error(train("never", {"data.length=4", "data.pair_files=[and.tsv]"}), 2,
                 "data.length 4: every one of the 27 training pairs has a longer sentence");
    EXPECT_FALSE(tiny().exists("never"));
}

}  // namespace
}  // namespace heed::test::translation_test
