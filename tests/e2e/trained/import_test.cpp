#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "heed/tests/e2e/program.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::import_test {
namespace {

std::string public_model(const std::string& name) {
    return std::string(std::getenv("HEED_SOURCE_DIR")) + "/tests/trainers/hugging_face/checkpoints/" + name;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

class PublicWeights : public testing::Test {
protected:
    ProgramResult run(const std::vector<std::string>& arguments) const {
        return run_program(folder_.path(), arguments);
    }
    void import(const std::string& name) const {
        const ProgramResult result = run({"import", public_model(name), "--to", name});
        ASSERT_EQ(result.code, 0) << result.errors;
    }

    TemporaryFolder folder_;
};

TEST_F(PublicWeights, AnImportedClassifierIsAModelLikeOthers) {
    const ProgramResult imported = run({"import", public_model("bert")});
    ASSERT_EQ(imported.code, 0) << imported.errors;
    EXPECT_TRUE(contains(imported.output, "BertForSequenceClassification from "));
    EXPECT_TRUE(contains(imported.output, "runs/bert holds the model; heed train runs/bert/finetune.yaml"));
    EXPECT_TRUE(contains(run({"info", "runs/bert"}).output, "encoder.layers.1.attention.query.weight"));
    write_text(folder_ / "texts.txt", "the film was very good\nbad\n");
    const std::vector<std::string> answers = lines_of(run({"predict", "runs/bert", "texts.txt", "--json"}).output);
    ASSERT_EQ(answers.size(), 2u);
    EXPECT_EQ(nlohmann::json::parse(answers[0]).at("class"), "bad");
    EXPECT_EQ(nlohmann::json::parse(answers[0]).at("probabilities").size(), 3u);
    const ProgramResult again = run({"import", public_model("bert")});
    EXPECT_EQ(again.code, 2);
    EXPECT_TRUE(contains(again.errors, "expected --to to name a new or empty folder, but runs/bert holds files"));
}

TEST_F(PublicWeights, AnEncoderGivesVectorsAndNoClasses) {
    import("bert_sentences");
    write_text(folder_ / "texts.txt", "The film was good\na\n");
    const std::vector<std::string> plain =
        lines_of(run({"predict", "bert_sentences", "texts.txt", "--embedding", "plain"}).output);
    const std::vector<std::string> unit =
        lines_of(run({"predict", "bert_sentences", "texts.txt", "--embedding", "unit", "--json"}).output);
    ASSERT_EQ(plain.size(), 2u);
    ASSERT_EQ(unit.size(), 2u);
    for (size_t i = 0; i < 2; ++i) {
        std::istringstream numbers(plain[i]);
        std::vector<double> vector;
        for (double value = 0; numbers >> value;) vector.push_back(value);
        ASSERT_EQ(vector.size(), 12u);
        double squares = 0;
        for (const double value : vector) squares += value * value;
        const nlohmann::json json = nlohmann::json::parse(unit[i]);
        EXPECT_EQ(json.at("text"), i == 0 ? "The film was good" : "a");
        for (size_t j = 0; j < 12; ++j) {
            EXPECT_NEAR(json.at("embedding")[j].get<double>(), vector[j] / std::sqrt(squares), 1e-6);
        }
    }
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"predict", "bert_sentences", "texts.txt"},
          {"score", "bert_sentences", "texts.txt"}}) {
        const ProgramResult result = run(arguments);
        EXPECT_EQ(result.code, 2);
        EXPECT_TRUE(contains(result.errors, "expects a model with classes, but bert_sentences has no head"));
    }
    EXPECT_TRUE(contains(run({"predict", "bert_sentences", "--embedding", "units"}).errors,
                         "--embedding expects plain or unit, got \"units\" (did you mean unit?)"));
    EXPECT_TRUE(contains(run({"predict", "bert_sentences", "--embedding", "unit", "--csv"}).errors, "takes no --top"));
}

TEST_F(PublicWeights, AnEncoderIsFineTunedWithANewHead) {
    import("bert_sentences");
    write_text(folder_ / "train.tsv",
               "text\tlabel\nThe film was good\tyes\nThe film was bad\tno\nvery good\tyes\nvery bad\tno\n");
    write_text(folder_ / "test.tsv", "text\tlabel\ngood\tyes\nbad\tno\n");
    const ProgramResult trained =
        run({"train", "bert_sentences/finetune.yaml", "data.train_file=train.tsv", "data.test_file=test.tsv",
             "data.validation=0", "data.length=10", "data.batch=4", "run.dir=tuned", "threads=1"});
    ASSERT_EQ(trained.code, 0) << trained.errors;
    EXPECT_TRUE(contains(trained.errors, "starting from the weights in "));
    EXPECT_TRUE(contains(trained.errors, "new, with their first values: head.weight and head.bias"));
    // The recipe and the model are of use in any folder.
    std::filesystem::create_directory(folder_ / "elsewhere");
    const std::vector<std::string> data = {"data.train_file=../train.tsv",
                                           "data.test_file=../test.tsv",
                                           "data.length=10",
                                           "data.validation=0",
                                           "data.batch=4",
                                           "train.epochs=1",
                                           "optimizer.schedule=constant",
                                           "threads=1"};
    for (std::vector<std::string> command :
         {std::vector<std::string>{"train", "../bert_sentences/finetune.yaml", "run.dir=first"},
          {"finetune", "../bert_sentences", "init_strict=false", "run.dir=second"}}) {
        command.insert(command.end(), data.begin(), data.end());
        const ProgramResult away = run_program(folder_ / "elsewhere", command);
        EXPECT_EQ(away.code, 0) << away.errors;
    }
    const ProgramResult converted =
        run({"convert", "bert_sentences", "attention.type=efficient", "--to", "converted.safetensors"});
    EXPECT_EQ(converted.code, 2);
    EXPECT_TRUE(contains(converted.errors, "was imported and knows no training samples")) << converted.errors;
    EXPECT_EQ(run({"convert", "bert_sentences", "attention.type=efficient", "convert.calibration=0", "--to",
                   "converted.safetensors"})
                  .code,
              0);
    write_text(folder_ / "texts.txt", "The film was good\n");
    const ProgramResult answer = run({"predict", "tuned", "texts.txt", "--json"});
    EXPECT_EQ(nlohmann::json::parse(answer.output).at("probabilities").size(), 2u) << answer.errors;
}

TEST_F(PublicWeights, AModelIsExported) {
    import("bert");
    const ProgramResult exported = run({"export", "bert", "there"});
    ASSERT_EQ(exported.code, 0) << exported.errors;
    EXPECT_TRUE(contains(exported.output, "BertForSequenceClassification into there: 41 tensors"));
    EXPECT_EQ(run({"import", "there", "--to", "back"}).code, 0);
    const ProgramResult again = run({"export", "bert", "there"});
    EXPECT_EQ(again.code, 2);
    EXPECT_TRUE(contains(again.errors, "new or empty folder, but there holds files"));
}

TEST_F(PublicWeights, ATranslatorTranslates) {
    import("marian");
    write_text(folder_ / "lines.txt", "the cat is good\n");
    const ProgramResult result =
        run({"translate", "marian", "lines.txt", "--beam", "1", "decoding.max_length=3", "--json"});
    ASSERT_EQ(result.code, 0) << result.errors;
    const nlohmann::json best = nlohmann::json::parse(result.output).at("translations").at(0);
    EXPECT_EQ(best.at("tokens"), 4) << "three and the end";
}

TEST_F(PublicWeights, WhatCannotBeImportedLeavesNothingBehind) {
    const ProgramResult result = run({"import", "nowhere", "--to", "model"});
    EXPECT_EQ(result.code, 2);
    EXPECT_TRUE(
        contains(result.errors, "expected a folder with config.json and model.safetensors, but nowhere is not"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "model"));
}

}  // namespace
}  // namespace heed::test::import_test
