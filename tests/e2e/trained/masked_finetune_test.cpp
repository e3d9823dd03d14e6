#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "heed/core/files/safetensors.h"
#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/number_words.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::masked_finetune_test {
namespace {

/// A masked language model of the names of numbers in the run "masked", and classifier.yaml, which tells even from odd
/// ones with other sizes and another tokenizer.
class MaskedFinetune : public testing::Test {
protected:
    static void SetUpTestSuite() {
        tiny_ = new TinyTraining;
        write_text(tiny().folder / "numbers.txt", english_numbers(120));
        write_text(tiny().folder / "language.yaml",
                   "model: {type: language_model, objective: masked, dim: 16, depth: 2, heads: 2, mlp_dim: 32}\n"
                   "data: {name: plain_text, train_files: [numbers.txt], root: '', batch: 8, context: 16,\n"
                   "       validation: 0.1, test: 0.1}\n"
                   "tokenizer: {type: word, vocabulary: 60}\n"
                   "train: {epochs: 0, steps: 20, eval_every: 0, eval_steps: 20, seed: 3}\n"
                   "optimizer: {lr: 1e-2}\nthreads: 1\n");
        std::string table = "text,label\n";
        for (int number = 0; number < 80; ++number) {
            table += english_number(number) + (number % 2 == 0 ? ",even\n" : ",odd\n");
        }
        write_text(tiny().folder / "labelled.csv", table);
        std::filesystem::create_directory(tiny().folder / "recipes");
        write_text(tiny().folder / "recipes/classifier.yaml",
                   "model: {type: text_classifier, dim: 8, depth: 1, heads: 4, mlp_dim: 12, dropout: 0.2}\n"
                   "attention: {type: smyrf, cluster: 4}\n"
                   "data: {name: text_files, train_file: labelled.csv, root: '', batch: 8, length: 12}\n"
                   "tokenizer: {type: byte}\ntrain: {epochs: 3}\nthreads: 1\n");
        const ProgramResult masked = train("masked", {"run.name=numbers"});
        ASSERT_EQ(masked.code, 0) << masked.errors;
    }
    static void TearDownTestSuite() { delete tiny_; }

    static const TinyTraining& tiny() { return *tiny_; }
    static ProgramResult train(const std::string& dir, const std::vector<std::string>& more = {}) {
        return tiny().train_recipe("language.yaml", dir, more);
    }
    static ProgramResult finetune(const std::string& run, std::vector<std::string> more) {
        more.insert(more.begin(), {"finetune", run, "recipes/classifier.yaml"});
        return tiny().run(more);
    }
    /// A training of one step that leaves the weights as they are.
    static ProgramResult begin(const std::string& run, const std::string& dir, std::vector<std::string> more = {}) {
        more.insert(more.end(), {"run.dir=" + dir, "train.steps=1", "optimizer.lr=1e-30", "optimizer.weight_decay=0",
                                 "optimizer.schedule=constant", "train.test=false"});
        return finetune(run, more);
    }
    static std::string bytes(const std::string& run, const std::string& tensor) {
        const SafetensorsFile open(tiny().folder / (run + "/checkpoints/best.safetensors"));
        const auto view = open.at(tensor).bytes;
        return {reinterpret_cast<const char*>(view.data()), view.size()};
    }

    static TinyTraining* tiny_;
};

TinyTraining* MaskedFinetune::tiny_ = nullptr;

TEST_F(MaskedFinetune, TheClassifierHasTheEncoderAndTheTokenizerOfTheModel) {
    const ProgramResult result = begin("masked", "begun");
    ASSERT_EQ(result.code, 0) << result.errors;
    for (const char* part :
         {"the model is that of masked: ", "model.dim 16 (not 8)", "tokenizer.type word (not byte)",
          "attention sdpa (not smyrf)", "embedding.weight, the first ", "the first 12 of its 16 rows for 12 places",
          "new, with their first values: head.weight and head.bias"}) {
        EXPECT_TRUE(contains(result.errors, part)) << part << ": " << result.errors;
    }
    EXPECT_FALSE(contains(result.errors, "dropped"));
    for (const char* name :
         {"encoder.layers.0.attention.query.weight", "encoder.layers.1.mlp.fc1.weight", "encoder.norm.weight"}) {
        EXPECT_EQ(bytes("begun", name), bytes("masked", name)) << name;
    }
    for (const char* name : {"embedding.weight", "input.positions.weight"}) {
        EXPECT_TRUE(begins_with(bytes("masked", name), bytes("begun", name))) << name << ": all rows but the last ones";
    }
    EXPECT_EQ(tiny().file("begun/tokenizer.word"), tiny().file("masked/tokenizer.word"));
    EXPECT_TRUE(contains(tiny().file("begun/recipe.yaml"), "dropout: 0.2")) << "what is no size is the recipe's";
}

TEST_F(MaskedFinetune, ItLearnsForAsLongAsItsRecipeSaysAndGoesOn) {
    const ProgramResult result = finetune("masked", {"train.epochs=4"});
    ASSERT_EQ(result.code, 0) << result.errors;
    const std::string run = "runs/numbers-classifier/1";
    ASSERT_TRUE(tiny().exists(run)) << result.errors;
    const std::vector<double> rates = tiny().values(run, "step", "lr");
    EXPECT_LT(rates.front(), *std::max_element(rates.begin(), rates.end())) << "it warms up";
    EXPECT_EQ(tiny().values(run, "validation", "accuracy").size(), 4U);
    EXPECT_EQ(tiny().run({"eval", run}).code, 0);
    const size_t steps = tiny().losses(run).size();
    EXPECT_EQ(tiny().run({"train", run, "--resume", "train.epochs=5"}).code, 0);
    EXPECT_GT(tiny().losses(run).size(), steps);
}

TEST_F(MaskedFinetune, TheAttentionIsSwappedOnTheWay) {
    const ProgramResult result = begin("masked", "swapped", {"attention.type=optimised"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "attention sdpa is replaced by optimised, fitted on")) << result.errors;
    EXPECT_TRUE(contains(result.errors, "new, with their first values: head.weight and head.bias"));
    EXPECT_FALSE(contains(result.errors, "before the swap")) << "there was no classifier";
    EXPECT_EQ(tiny().values("swapped", "swap_layer", "outputs_r2").size(), 2U);
    EXPECT_EQ(bytes("swapped", "encoder.layers.0.mlp.fc1.weight"), bytes("masked", "encoder.layers.0.mlp.fc1.weight"));
    EXPECT_FALSE(contains(tiny().file("swapped/report.html"), "right after it"));
    const ProgramResult smyrf = begin("masked", "hashed", {"attention.layers.1=smyrf", "attention.layers.1.cluster=4"});
    ASSERT_EQ(smyrf.code, 0) << smyrf.errors;
    EXPECT_TRUE(contains(smyrf.errors, "is replaced by sdpa (smyrf in layer 1), with the same weights"));
    const std::string key = "encoder.layers.1.attention.key.weight";
    EXPECT_EQ(bytes("hashed", key), bytes("masked", key));
    // The recipe of the run does the same again.
    ASSERT_EQ(tiny().run({"train", "swapped/recipe.yaml", "run.dir=again"}).code, 0);
    const std::string query = "encoder.layers.0.attention.query.weight";
    EXPECT_EQ(bytes("again", query), bytes("swapped", query));
}

TEST_F(MaskedFinetune, TheHeadAloneCanBeTrained) {
    const ProgramResult result = finetune("masked", {"--only", "head", "run.dir=probe", "optimizer.lr=1e-2"});
    ASSERT_EQ(result.code, 0) << result.errors;
    const std::string query = "encoder.layers.0.attention.query.weight";
    EXPECT_EQ(bytes("probe", query), bytes("masked", query));
    expect_error(finetune("masked", {"--only", "attention"}), 2,
                 "train.only (attention) leaves out the head, which is new to masked");
    expect_error(finetune("masked", {"train.freeze=[head]"}), 2, "train.freeze (head) leaves out the head");
    EXPECT_EQ(finetune("masked", {"--only", "attention", "--only", "head", "run.dir=both", "train.steps=1",
                                  "optimizer.schedule=constant"})
                  .code,
              0);
}

TEST_F(MaskedFinetune, ATypeThatIsMadeForItsTokensNeedsAsMany) {
    ASSERT_EQ(train("supers", {"attention.type=super", "train.steps=2", "optimizer.schedule=constant"}).code, 0);
    expect_error(
        begin("supers", "refused"), 2,
        "recipes/classifier.yaml:3: data.length 12 is not the 16 tokens of data.context in supers, and its attention "
        "type super has a matrix of that many: expected data.length=16");
    expect_error(begin("supers", "refused", {"model.pool=class", "data.length=16"}), 2, "expected data.length=15");
    const ProgramResult result = begin("supers", "same", {"data.length=16", "attention.type=sdpa"});
    EXPECT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "attention super is replaced by sdpa"));
}

TEST_F(MaskedFinetune, WhatCannotBeIsRefusedWithItsKey) {
    const auto refused = [](const std::string& run, const std::vector<std::string>& more, const std::string& why) {
        expect_error(begin(run, "refused", more), 2, why);
        EXPECT_FALSE(tiny().exists("refused"));
    };
    refused("masked", {"model.dim=8"},
            "command line: model.dim 8 is not the 16 of masked, whose encoder the model has");
    refused("masked", {"tokenizer.vocabulary=50"},
            "tokenizer.vocabulary cannot be given: the words are those of masked");
    refused("masked", {"init=masked"}, "init cannot be given: heed finetune starts from masked");
    refused("masked", {"data.length=17"},
            "command line: data.length 17 is more than the 16 tokens of data.context in masked, and its "
            "model.positions learned knows no place behind them: expected data.length=16 at most");
    refused("masked", {"data.length=16", "model.pool=class"},
            "data.length 16 and the class token of model.pool are more than the 16 tokens");
    refused("masked", {"attention.cluster=4"}, "attention.cluster");
    refused("masked", {"attention.type=smirf"}, "did you mean smyrf?");
    ASSERT_EQ(train("causal", {"model.objective=causal", "train.steps=1", "optimizer.schedule=constant"}).code, 0);
    refused("causal", {}, "causal was trained with model.objective causal, so that its attention looks back alone");
    ASSERT_EQ(tiny().train("images", {"train.steps=1", "optimizer.schedule=constant"}).code, 0);
    refused("images", {}, "images is an image classifier, but a text classifier begins with a masked language model");
    expect_error(tiny().run({"finetune", "masked", "tiny.yaml"}), 2,
                 "holds images: an image classifier cannot begin with a language model, which masked is");
    expect_error(tiny().run({"finetune", "masked", "language.yaml"}), 2,
                 "masked is a language model already, as language.yaml trains one: expected settings alone");
    expect_error(tiny().run({"finetune", "masked", "model.type=text_classifier", "data.name=text_files",
                             "data.train_file=labelled.csv"}),
                 2, "expected a recipe of what it becomes (heed finetune masked RECIPE)");
    expect_error(tiny().run({"finetune", "masked", "nowhere.yaml"}), 2, "nowhere.yaml");
    expect_error(tiny().run({"finetune", "masked", "recipes/classifier.yaml", "tiny.yaml"}), 2, "tiny.yaml");
    write_text(tiny().folder / "alone.safetensors", tiny().file("masked/checkpoints/best.safetensors"));
    refused("alone.safetensors", {},
            "alone.safetensors has no tokenizer.word beside it, which tokenizer.file has to name");
}

}  // namespace
}  // namespace heed::test::masked_finetune_test
