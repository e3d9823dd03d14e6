#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "heed/core/files/safetensors.h"
#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/loop/schedule.h"
#include "heed/trainers/optimizers/adam.h"

namespace heed::test::features_test {
namespace {

class Features : public testing::Test {
protected:
    static void SetUpTestSuite() {
        tiny_ = new TinyTraining;
        ASSERT_EQ(tiny_->train("plain").code, 0);
    }
    static void TearDownTestSuite() { delete tiny_; }

    static const TinyTraining& tiny() { return *tiny_; }

    static std::string bytes(const std::string& file, const std::string& tensor) {
        const SafetensorsFile open(tiny().folder / file);
        const auto view = open.at(tensor).bytes;
        return {reinterpret_cast<const char*>(view.data()), view.size()};
    }

    /// Trains in two parts, the first of which ends in the middle of an epoch, and expects the same as from one.
    static void expect_exact_resume(const std::string& name, std::vector<std::string> settings) {
        settings.push_back("optimizer.schedule=constant");
        ASSERT_EQ(tiny().train(name, settings).code, 0);
        std::vector<std::string> first = settings;
        first.insert(first.end(), {"train.steps=13", "optimizer.warmup=1"});
        settings.push_back("optimizer.warmup=1");
        ASSERT_EQ(tiny().train(name + "-whole", settings).code, 0);
        ASSERT_EQ(tiny().train(name + "-parts", first).code, 0);
        const ProgramResult result = tiny().run({"train", name + "-parts", "train.epochs=2", "--resume"});
        ASSERT_EQ(result.code, 0) << result.errors;
        EXPECT_EQ(tiny().losses(name + "-parts"), tiny().losses(name + "-whole"));
        for (const char* tensor : {"head.weight", "encoder.layers.0.mlp.fc1.bias"}) {
            EXPECT_EQ(bytes(name + "-parts/checkpoints/last.safetensors", tensor),
                      bytes(name + "-whole/checkpoints/last.safetensors", tensor));
        }
    }

    static TinyTraining* tiny_;
};

TinyTraining* Features::tiny_ = nullptr;

TEST_F(Features, LayersMayHaveTypesOfTheirOwn) {
    expect_exact_resume("hybrid", {"model.depth=3", "attention.layers.0=efficient", "attention.layers.2.type=smyrf",
                                   "attention.layers.2.cluster=2"});
    const SafetensorsFile weights(tiny().folder / "hybrid/checkpoints/last.safetensors");
    EXPECT_FALSE(weights.find("encoder.layers.0.attention.key.weight"));
    EXPECT_TRUE(weights.find("encoder.layers.1.attention.key.weight"));
    EXPECT_TRUE(
        contains(tiny().file("hybrid/log.txt"), "vit with sdpa (efficient in layer 0, smyrf in layer 2) attention"));
    EXPECT_TRUE(contains(tiny().run({"info", "hybrid"}).output, "efficient in layer 0"));
    EXPECT_EQ(tiny().run({"eval", "hybrid"}).code, 0);
    expect_error(tiny().train("deep", {"attention.layers.9=super"}), 2,
                 "expected layers of the encoder, 0 to 1, got attention.layers.9.type");
    EXPECT_FALSE(tiny().exists("deep"));
}

TEST_F(Features, LayersThatSayWhatAllSayChangeNothing) {
    ASSERT_EQ(tiny().train("said", {"attention.layers.0-1=sdpa"}).code, 0);
    EXPECT_EQ(tiny().losses("said"), tiny().losses("plain"));
}

TEST_F(Features, AttentionWithTheSameWeightsNeedsNoTraining) {
    const std::string dense = tiny().run({"eval", "plain"}).output;
    const ProgramResult one_cluster = tiny().run({"eval", "plain", "attention.type=smyrf"});
    ASSERT_EQ(one_cluster.code, 0) << one_cluster.errors;
    EXPECT_TRUE(contains(one_cluster.output, "attention smyrf, trained with sdpa; smyrf is the same as sdpa"));
    EXPECT_TRUE(contains(one_cluster.output, dense)) << "a cluster holds all 5 tokens";
    const ProgramResult clusters =
        tiny().run({"eval", "plain", "attention.type=smyrf", "attention.cluster=2", "attention.rounds=1"});
    ASSERT_EQ(clusters.code, 0) << clusters.errors;
    EXPECT_TRUE(contains(clusters.output, "smyrf computes"));
    EXPECT_FALSE(contains(clusters.output, dense));
    const ProgramResult layer =
        tiny().run({"eval", "plain", "--json", "attention.layers.1.type=smyrf", "attention.layers.1.cluster=2"});
    EXPECT_TRUE(contains(layer.output, "\"attention\":\"sdpa (smyrf in layer 1)\",\"trained_attention\":\"sdpa\""));
    EXPECT_EQ(tiny().run({"predict", "plain", "attention.type=smyrf", "data/t10k-images-idx3-ubyte"}).code, 0);
    expect_error(tiny().run({"eval", "plain", "attention.type=efficient"}), 2,
                 "the weights of plain are those of sdpa attention and cannot be used with efficient");
    expect_error(tiny().run({"eval", "plain", "attention.dropout=0.5"}), 2, "has an effect in training alone");
    expect_error(tiny().run({"report", "plain", "attention.type=smyrf"}), 2,
                 "heed report shows a run as it was trained");
}

TEST_F(Features, ASweepMeasuresWithEverFewerScores) {
    const ProgramResult table = tiny().run({"sweep", "plain", "--scores", "60,20", "--page", "sweep.html"});
    ASSERT_EQ(table.code, 0) << table.errors;
    EXPECT_TRUE(begins_with(table.output, "10 images of validation, up to 5 tokens, 2 hash rounds; no training\n"));
    EXPECT_TRUE(contains(table.output, "smyrf, clusters of 1"));
    const std::string page = tiny().file("sweep.html");
    EXPECT_TRUE(contains(page, "plain: SMYRF without training"));
    EXPECT_TRUE(contains(page, "<td>smyrf, clusters of 2</td>"));
    EXPECT_TRUE(contains(page, "</html>"));
    const ProgramResult lines =
        tiny().run({"sweep", "plain", "--scores", "40", "--rounds", "1", "--json", "--split", "test"});
    ASSERT_EQ(lines.code, 0) << lines.errors;
    std::istringstream stream(lines.output);
    std::string dense, clustered;
    ASSERT_TRUE(std::getline(stream, dense) && std::getline(stream, clustered));
    const nlohmann::json before = nlohmann::json::parse(dense), after = nlohmann::json::parse(clustered);
    EXPECT_EQ(before.at("attention"), "sdpa");
    EXPECT_EQ(before.at("scores"), 1.0);
    EXPECT_EQ(before.at("loss"), nlohmann::json::parse(tiny().run({"eval", "plain", "--json"}).output).at("loss"));
    EXPECT_EQ(after.at("cluster"), 2);
    EXPECT_CLOSE(after.at("scores").get<double>(), 9.0 / 25.0, 1e-12) << "3 chunks of 5 tokens: 1, 2 and 2";
    EXPECT_NE(after.at("loss"), before.at("loss"));
    expect_error(tiny().run({"sweep", "plain", "--scores", "50,,3"}), 2, "--scores expects percentages");
    expect_error(tiny().run({"sweep", "plain", "--scores", "50", "--over", "data.batch=1,2"}), 2, "--scores");
    expect_error(tiny().run({"sweep", "plain", "--page", "none/page.html"}), 2, "none/page.html");
    expect_error(tiny().run({"sweep", "plain", "attention.type=smyrf"}), 2, "heed sweep chooses smyrf");
    ASSERT_EQ(tiny().train("narrow", {"attention.type=efficient", "train.steps=1", "optimizer.schedule=constant"}).code,
              0);
    expect_error(tiny().run({"sweep", "narrow"}), 2, "the weights of narrow are those of efficient attention");
}

TEST_F(Features, AdamAndRmsPropTrainAndResume) {
    expect_exact_resume("adam", {"optimizer.type=adam", "optimizer.weight_decay=0.01"});
    expect_exact_resume("rmsprop", {"optimizer.type=rmsprop", "optimizer.momentum=0.5", "optimizer.lr=0.001"});
    // Without decay Adam and AdamW are one; with it they begin alike and differ from the first step on.
    for (const char* type : {"adam", "adamw"}) {
        const std::vector<std::string> settings = {std::string("optimizer.type=") + type, "optimizer.weight_decay=0"};
        ASSERT_EQ(tiny().train(std::string("undecayed-") + type, settings).code, 0);
    }
    const std::vector<double> adam = tiny().losses("adam"), undecayed = tiny().losses("undecayed-adam");
    const std::vector<double> decoupled = tiny().losses("undecayed-adamw");
    ASSERT_EQ(decoupled.size(), undecayed.size());
    for (size_t i = 0; i < decoupled.size(); ++i) EXPECT_NEAR(decoupled[i], undecayed[i], 1e-5 * undecayed[i]) << i;
    EXPECT_EQ(adam.front(), undecayed.front());
    EXPECT_NE(adam.back(), undecayed.back());
    EXPECT_LT(tiny().losses("rmsprop").back(), tiny().losses("rmsprop").front());
}

TEST_F(Features, EverySchedule) {
    for (const char* name : {"inverse_sqrt", "step", "one_cycle"}) {
        const std::string dir = std::string("schedule-") + name;
        ASSERT_EQ(tiny().train(dir, {std::string("optimizer.schedule=") + name, "optimizer.warmup=6"}).code, 0);
        const std::vector<double> rates = tiny().values(dir, "step", "lr");
        AdamWOptions options;
        options.lr = 1e-2;
        options.schedule = name;
        options.warmup = Span::steps(6);
        const Schedule schedule(options, 18, 9);
        ASSERT_EQ(rates.size(), 18U) << name;
        for (size_t i = 0; i < rates.size(); ++i) {
            EXPECT_CLOSE(rates[i], schedule.lr(static_cast<int64_t>(i) + 1), 1e-12) << name << " " << i;
        }
    }
}

TEST_F(Features, FrozenParametersStayAndHaveNoState) {
    const std::vector<std::string> settings = {"train.freeze=[patch_embedding, attention]",
                                               "init=plain/checkpoints/last.safetensors"};
    ASSERT_EQ(tiny().train("frozen", settings).code, 0);
    const std::string last = "frozen/checkpoints/last.safetensors", before = "plain/checkpoints/last.safetensors";
    for (const char* name : {"patch_embedding.projection.weight", "encoder.layers.1.attention.query.weight"}) {
        EXPECT_EQ(bytes(last, name), bytes(before, name)) << name;
    }
    EXPECT_NE(bytes(last, "head.weight"), bytes(before, "head.weight"));
    const SafetensorsFile file(tiny().folder / last);
    EXPECT_EQ(file.find("optimizer.first_moment.patch_embedding.projection.weight"), nullptr);
    EXPECT_NE(file.find("optimizer.first_moment.head.weight"), nullptr);
    EXPECT_EQ(tiny().run({"eval", "frozen"}).code, 0);
}

TEST_F(Features, LearningRatesByName) {
    const std::vector<std::string> settings = {"optimizer.lr_scale=[encoder=0.5, head=0]",
                                               "init=plain/checkpoints/last.safetensors"};
    ASSERT_EQ(tiny().train("scaled", settings).code, 0);
    const std::string last = "scaled/checkpoints/last.safetensors", before = "plain/checkpoints/last.safetensors";
    EXPECT_EQ(bytes(last, "head.weight"), bytes(before, "head.weight"));
    EXPECT_NE(bytes(last, "encoder.norm.weight"), bytes(before, "encoder.norm.weight"));
}

TEST_F(Features, PatternsThatFitNothingAreErrors) {
    const auto refused = [](const std::string& setting, const std::string& part) {
        expect_error(tiny().train("never", {setting}), 2, part);
        EXPECT_FALSE(tiny().exists("never")) << setting;
    };
    refused("train.freeze=[patch_embeding]", "none contains \"patch_embeding\" (did you mean patch_embedding?)");
    refused("optimizer.no_decay=[haed.weight]", "optimizer.no_decay expects parts of the names of parameters");
    refused("optimizer.lr_scale=[hed=0.1]", "none contains \"hed\" (did you mean head?)");
    refused("optimizer.lr_scale=[head]", "optimizer.lr_scale expects items like head=0.1");
    refused("optimizer.lr_scale=[head=nan]", "optimizer.lr_scale expects items like head=0.1");
    refused("train.freeze=[weight, bias, class_token]", "train.freeze leaves nothing to be trained");
    refused("train.freeze=[query]", "are computed in one product");
    refused("optimizer.lr_scale=[query=2]", "are computed in one product");
    expect_error(tiny().train("never", {"train.patience=2", "data.validation=0"}), 2, "needs a validation set");
}

TEST_F(Features, TheAverageIsEvaluatedSavedAndResumed) {
    expect_exact_resume("average", {"train.ema=0.9"});
    const std::string last = "average/checkpoints/last.safetensors", best = "average/checkpoints/best.safetensors";
    EXPECT_NE(bytes(last, "head.weight"), bytes(last, "optimizer.weights.head.weight"));
    EXPECT_EQ(bytes("average-parts/checkpoints/last.safetensors", "optimizer.weights.head.weight"),
              bytes("average-whole/checkpoints/last.safetensors", "optimizer.weights.head.weight"));
    // The training itself is the same as without an average.
    ASSERT_EQ(tiny().train("unaveraged", {"optimizer.schedule=constant"}).code, 0);
    EXPECT_EQ(tiny().losses("average"), tiny().losses("unaveraged"));
    EXPECT_NE(tiny().values("average", "validation", "loss"), tiny().values("unaveraged", "validation", "loss"));
    const ProgramResult eval = tiny().run({"eval", last, "--split", "validation", "--json"});
    const double loss = tiny().values("average", "validation", "loss").back();
    EXPECT_TRUE(contains(eval.output, "\"loss\":" + std::to_string(loss).substr(0, 6)));
}

TEST_F(Features, PatienceEndsATraining) {
    const std::vector<std::string> settings = {"train.epochs=200", "train.patience=2", "optimizer.lr=1e-6"};
    const ProgramResult result = tiny().train("patient", settings);
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "2 validations without a better one (train.patience): it ends after step"));
    const size_t steps = tiny().losses("patient").size();
    EXPECT_LT(steps, 1800u);
    EXPECT_TRUE(tiny().exists("patient/finished"));
    const ProgramResult again = tiny().run({"train", "patient", "--resume"});
    EXPECT_EQ(again.code, 0);
    EXPECT_TRUE(contains(again.errors, "nothing is left to do (more train.patience would go on)"));
    EXPECT_EQ(tiny().losses("patient").size(), steps);
    ASSERT_EQ(tiny().run({"train", "patient", "train.patience=3", "--resume"}).code, 0);
    EXPECT_GT(tiny().losses("patient").size(), steps);
}

TEST_F(Features, TensorBoardEventsFollowTheMetrics) {
    ASSERT_EQ(tiny().train("board", {"run.tensorboard=true"}).code, 0);
    const std::string events = tiny().file("board/events.out.tfevents.heed");
    for (const char* tag : {"train/loss", "train/lr", "validation/accuracy", "test/loss"}) {
        EXPECT_TRUE(contains(events, tag));
    }
    EXPECT_FALSE(tiny().exists("plain/events.out.tfevents.heed"));
    ASSERT_EQ(tiny().run({"train", "board", "train.epochs=3", "--resume"}).code, 0);
    const std::string longer = tiny().file("board/events.out.tfevents.heed");
    EXPECT_GT(longer.size(), events.size());
    EXPECT_EQ(longer.substr(0, events.size() / 2), events.substr(0, events.size() / 2));
}

}  // namespace
}  // namespace heed::test::features_test
