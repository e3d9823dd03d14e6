#include "heed/trainers/loop/training_watch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "heed/attention/smyrf/smyrf_attention.h"
#include "heed/layers/models/vit.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/tests/trainers/images/formula_images.h"
#include "heed/trainers/images/image_task.h"
#include "heed/trainers/record/metrics_reader.h"
#include "heed/trainers/run/training_run.h"

namespace heed::training_watch_test {
namespace {

using test::write_text;

int64_t weights_of(const PatchTransformerShape& shape) {
    return shape.heads * shape.tokens() * shape.tokens();
}

/// A model of two layers on images of 17 tokens.
struct Watched {
    Watched(const AttentionOptions& attention, const char* type, int64_t every = 1)
        : model(make_model(attention, type)),
          store(
              context, *model, 3, [](const std::string& name) { return name == "head.weight"; }, {},
              [](const std::string& name) { return name == "head.bias" ? 0.5 : 1.0; }),
          task(context, *model, test::data_of(std::make_shared<test::FormulaImages>(24, ImageShape{2, 8, 8}, 3)), 0, 8),
          watch(task, store, weights_of(model->shape()), every) {
        task.begin({.batch = 8});
        task.next({});
        context.tape().clear();
    }

    static std::unique_ptr<ImageClassifier> make_model(const AttentionOptions& attention, const char* type) {
        VitOptions options;
        options.dim = 12;
        options.depth = 2;
        options.heads = 2;
        options.mlp_dim = 16;
        options.patch = 2;
        return make_vit(options, {&attention_type(type), &attention}, {2, 8, 8, 3});
    }

    /// Multiplies the weights of the groups with or without decay.
    void multiply(bool decay, float factor) {
        for (ParameterGroup& group : store.groups()) {
            if (!group.trainable || group.decay != decay) continue;
            std::vector<float> values = group.values.to_vector();
            for (float& value : values) value *= factor;
            group.values.copy_from_host(values.data());
        }
    }

    std::map<std::string, double> after_step(int64_t step) {
        std::map<std::string, double> values;
        for (const WatchedValue& each : watch.after_step(step)) values[each.name] = each.value;
        return values;
    }

    Context context;
    std::unique_ptr<ImageClassifier> model;
    ParameterStore store;
    ImageTask task;
    TrainingWatch watch;
};

double squares(const ParameterStore& store, bool decay) {
    double sum = 0;
    for (const ParameterGroup& group : store.groups()) {
        if (!group.trainable || group.decay != decay) continue;
        for (const float value : group.values.to_vector()) sum += static_cast<double>(value) * value;
    }
    return sum;
}

TEST(TrainingWatch, UpdateRatiosAreThoseOfTheTrainedWeights) {
    const AttentionOptions attention;
    Watched watched(attention, "sdpa");
    const double decayed = squares(watched.store, true), others = squares(watched.store, false);
    watched.watch.before_step(1);
    watched.multiply(true, 1.5F);
    watched.multiply(false, 0.75F);
    const auto values = watched.after_step(1);
    EXPECT_CLOSE(values.at("update_ratio.decay"), 0.5, 1e-6);
    EXPECT_CLOSE(values.at("update_ratio.no_decay"), 0.25, 1e-6);
    EXPECT_TRUE(values.count("update_ratio.no_decay.lr_scale_0.5"));
    EXPECT_CLOSE(values.at("update_ratio"), std::sqrt((0.25 * decayed + 0.0625 * others) / (decayed + others)), 1e-6);
}

TEST(TrainingWatch, EqualWeightsHaveTheEntropyOfAllTokens) {
    const AttentionOptions attention;
    Watched watched(attention, "sdpa");
    watched.watch.before_step(1);
    const auto drawn = watched.after_step(1);
    EXPECT_GT(drawn.at("attention_entropy.0"), 0.0);
    EXPECT_LT(drawn.at("attention_entropy.0"), std::log(17.0) - 1e-6);
    EXPECT_EQ(drawn.count("covered_mass.0"), 0U) << "sdpa computes all pairs";
    watched.multiply(true, 0.0F);
    const auto equal = watched.after_step(1);
    EXPECT_CLOSE(equal.at("attention_entropy.0"), std::log(17.0), 1e-5);
    EXPECT_CLOSE(equal.at("attention_entropy.1"), std::log(17.0), 1e-5);
    EXPECT_EQ(equal.count("attention_entropy.2"), 0U);
}

TEST(TrainingWatch, CoveredMassIsTheShareOfThePairsWhereAllCountAlike) {
    SmyrfOptions attention;
    attention.rounds = 1;
    attention.cluster = 9;
    Watched watched(attention, "smyrf");
    watched.watch.before_step(1);
    watched.multiply(true, 0.0F);
    const auto values = watched.after_step(1);
    const double share = (9.0 * 9 + 8 * 8) / (17 * 17);
    EXPECT_CLOSE(values.at("covered_mass.0"), share, 1e-5);
    EXPECT_CLOSE(values.at("covered_mass.1"), share, 1e-5);
    const double entropy = (9 * std::log(9.0) + 8 * std::log(8.0)) / 17;
    EXPECT_CLOSE(values.at("attention_entropy.1"), entropy, 1e-5);
}

TEST(TrainingWatch, OnlyEveryFewSteps) {
    const AttentionOptions attention;
    Watched third(attention, "sdpa", 3);
    Watched never(attention, "sdpa", 0);
    for (int64_t step = 1; step <= 6; ++step) {
        third.watch.before_step(step);
        never.watch.before_step(step);
        EXPECT_EQ(third.after_step(step).empty(), step % 3 != 0) << step;
        EXPECT_TRUE(never.after_step(step).empty());
    }
}

TEST(TrainingWatch, LongSequencesAreNotMeasured) {
    const AttentionOptions attention;
    Watched watched(attention, "sdpa");
    EXPECT_EQ(watched.watch.samples(), 8);
    PatchTransformerShape shape = watched.model->shape();
    shape.rows = 100;
    shape.columns = 60;
    EXPECT_EQ(TrainingWatch(watched.task, watched.store, weights_of(shape), 1).samples(), 1);
    shape.columns = 200;
    TrainingWatch longest(watched.task, watched.store, weights_of(shape), 1);
    EXPECT_EQ(longest.samples(), 0);
    longest.before_step(1);
    for (const WatchedValue& each : longest.after_step(1)) EXPECT_EQ(each.name.rfind("update_ratio", 0), 0U);
}

TEST(TrainingWatch, TrainingHasTheSameBitsWithIt) {
    test::TemporaryFolder folder;
    test::write_tiny_images(folder / "data", {.train = 40, .test = 10, .height = 8, .width = 8, .classes = 4});
    for (const std::string attention : {"{type: sdpa, dropout: 0.2}", "{type: smyrf, rounds: 2, cluster: 4}"}) {
        SCOPED_TRACE(attention);
        write_text(
            folder / "tiny.yaml",
            "model: {type: vit, dim: 8, depth: 2, heads: 2, mlp_dim: 8, patch: 2, dropout: 0.1, drop_path: 0.3}\n"
            "attention: " +
                attention +
                "\n"
                "data: {name: idx, root: " +
                (folder / "data") +
                ", classes: 4, batch: 4, augment: {flip: true, mixup: 0.4}}\n"
                "train: {epochs: 2, accumulate: 2}\n"
                "optimizer: {schedule: constant}\n"
                "threads: 1\n");
        std::vector<std::vector<double>> losses(2);
        std::vector<int64_t> watched_steps;
        for (size_t run = 0; run < 2; ++run) {
            const std::string place = folder / ("run" + std::to_string(run) + std::to_string(attention.size()));
            train(
                {folder / "tiny.yaml", {"run.dir=" + place, run == 0 ? "train.watch_every=0" : "train.watch_every=2"}});
            for (const MetricsRecord& record : read_metrics(place + "/metrics.jsonl")) {
                if (record.event == "watch") {
                    EXPECT_EQ(run, 1U);
                    watched_steps.push_back(*record.integer("step"));
                    EXPECT_GT(*record.number("update_ratio"), 0.0);
                    EXPECT_GT(*record.number("attention_entropy.1"), 0.0);
                    EXPECT_EQ(record.number("covered_mass.1").has_value(),
                              attention.find("smyrf") != std::string::npos);
                    continue;
                }
                if (record.event == "start") continue;
                losses[run].push_back(record.number("loss").value());
                if (record.event == "step") losses[run].push_back(record.number("gradient_norm").value());
            }
        }
        EXPECT_EQ(losses[0], losses[1]);
        EXPECT_EQ(watched_steps, (std::vector<int64_t>{2, 4, 6, 8, 10}));
    }
}

}  // namespace
}  // namespace heed::training_watch_test
