// ctest: processors 2
#include "heed/trainers/texts/text_task.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/core/forward_observer.h"
#include "heed/core/ranks/local_ranks.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/trainers/loop/trainer.h"
#include "heed/trainers/optimizers/adam.h"

namespace heed::text_task_test {
namespace {

using test::contains;
using test::message_of;

/// Texts of 1 to 7 words; those with word 4 are of class 1, the others of class 0. With several labels those with word
/// 4 have label 0, those of more than 3 words label 1, and some have none.
EncodedSplit texts_of(int64_t count, bool several = false) {
    EncodedSplit split;
    for (int64_t i = 0; i < count; ++i) {
        std::vector<int32_t> ids;
        for (int64_t t = 0; t < 1 + i * 5 % 7; ++t) ids.push_back(static_cast<int32_t>(5 + (i * 3 + t * 7) % 15));
        if (i % 2 == 1) ids[static_cast<size_t>(i) % ids.size()] = 4;
        split.texts.add(ids);
        const auto label = static_cast<int32_t>(i % 2);
        std::vector<int32_t> labels;
        if (several && label == 1) labels.push_back(0);
        if (several && ids.size() > 3) labels.push_back(1);
        split.labels.add(several ? labels : std::vector<int32_t>{label});
    }
    return split;
}

struct TextSettings {
    int64_t batch = 8, accumulate = 1, steps = 6;
    double dropout = 0.0;
    bool shuffle = true;
    std::string device = "cpu";
    bool several_labels = false;
    std::vector<float> class_weights = {};
};

struct TextTraining {
    TextTraining(const TextSettings& settings, Communicator& communicator)
        : context(settings.device),
          model(make_model(settings.dropout)),
          store(context, *model, 3),
          task(context, *model, data(settings.several_labels), {settings.several_labels, 0.1, settings.class_weights}),
          trainer(context, task, store, train_options(settings), optimizer_options(), settings.batch, communicator) {}

    static EncodedTextData data(bool several) {
        return {texts_of(26, several), texts_of(9, several), texts_of(13, several), 2, 0};
    }
    static std::unique_ptr<TextClassifier> make_model(double dropout) {
        TextClassifierOptions options;
        options.dim = 12;
        options.depth = 1;
        options.heads = 2;
        options.mlp_dim = 16;
        options.dropout = options.embedding_dropout = dropout;
        AttentionOptions attention;
        attention.dropout = dropout;
        return make_text_classifier(options, {&attention_type("sdpa"), &attention}, {20, 8, 2});
    }
    static TrainOptions train_options(const TextSettings& settings) {
        TrainOptions train;
        train.steps = settings.steps;
        train.seed = 3;
        train.accumulate = settings.accumulate;
        train.shuffle = settings.shuffle;
        return train;
    }
    static AdamWOptions optimizer_options() {
        AdamWOptions optimizer;
        optimizer.lr = 1e-2;
        optimizer.schedule = "constant";
        optimizer.warmup = Span::steps(0);
        return optimizer;
    }

    Context context;
    std::unique_ptr<TextClassifier> model;
    ParameterStore store;
    TextTask task;
    Trainer trainer;
};

std::vector<StepResult> steps_of(const TextSettings& settings, Communicator& communicator) {
    TextTraining training(settings, communicator);
    training.trainer.begin({});
    std::vector<StepResult> steps;
    while (!training.trainer.finished()) steps.push_back(training.trainer.step());
    return steps;
}

std::vector<StepResult> steps_of(const TextSettings& settings) {
    SelfCommunicator self;
    return steps_of(settings, self);
}

void expect_close(const std::vector<StepResult>& a, const std::vector<StepResult>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
        EXPECT_CLOSE(a[i].loss, b[i].loss, 1e-5) << "step " << i + 1;
        EXPECT_CLOSE(a[i].gradient_norm, b[i].gradient_norm, 1e-4) << "step " << i + 1;
        EXPECT_EQ(a[i].samples, b[i].samples) << "step " << i + 1;
    }
}

TEST(TextTask, AnEpochHasEachTextOnce) {
    SelfCommunicator self;
    TextSettings settings;
    settings.steps = 4;
    TextTraining training(settings, self);
    EXPECT_EQ(training.task.epoch_steps(8), 4);
    training.trainer.begin({});
    int64_t texts = 0;
    for (int i = 0; i < 4; ++i) texts += training.trainer.step().samples;
    EXPECT_EQ(texts, 26);
    EXPECT_TRUE(training.trainer.at_epoch_end());
}

TEST(TextTask, LearnsTheWordThatDecides) {
    SelfCommunicator self;
    TextSettings settings;
    settings.steps = 120;
    TextTraining training(settings, self);
    training.trainer.begin({});
    while (!training.trainer.finished()) training.trainer.step();
    const Evaluation test = training.task.evaluate(Split::test);
    EXPECT_EQ(test.count, 13);
    EXPECT_EQ(test.accuracy, 1.0);
    EXPECT_EQ(test.score, test.accuracy);
    EXPECT_EQ(test.confusion.right(0), 7);
    EXPECT_EQ(test.confusion.right(1), 6);
    EXPECT_EQ(test.confusion.total(), 13);
    ASSERT_EQ(test.more.size(), 1U);
    EXPECT_EQ(test.more[0].first, "f1");
    EXPECT_EQ(test.more[0].second, 1.0);
}

TEST(TextTask, LearnsSeveralLabels) {
    SelfCommunicator self;
    TextSettings settings;
    settings.steps = 200;
    settings.several_labels = true;
    TextTraining training(settings, self);
    training.trainer.begin({});
    while (!training.trainer.finished()) training.trainer.step();
    const Evaluation test = training.task.evaluate(Split::test);
    EXPECT_EQ(test.count, 13);
    EXPECT_EQ(test.accuracy, 1.0);
    EXPECT_TRUE(test.confusion.classes() == 0);
    ASSERT_EQ(test.labels.size(), 2U);
    EXPECT_EQ(test.labels[0].samples, 6);
    EXPECT_EQ(test.labels[0].f1, 1.0);
    EXPECT_EQ(test.labels[1].f1, 1.0);
    EXPECT_EQ(test.score, 1.0);
}

TEST(TextTask, PartsOfABatchAndRanksGiveTheSameWithSeveralLabelsAndWeights) {
    TextSettings whole;
    whole.dropout = 0.3;
    whole.several_labels = true;
    whole.class_weights = {3.0f, 0.5f};
    TextSettings parts = whole;
    parts.batch = 4;
    parts.accumulate = 2;
    expect_close(steps_of(parts), steps_of(whole));
    std::vector<std::vector<StepResult>> ranks(2);
    run_local_ranks(2, [&](Communicator& communicator) {
        ranks[static_cast<size_t>(communicator.rank())] = steps_of(whole, communicator);
    });
    expect_close(ranks[0], steps_of(whole));
    TextSettings reference = whole;
    reference.device = "reference";
    expect_close(steps_of(reference), steps_of(whole));
}

TEST(TextTask, ClassWeightsMoveTheDecision) {
    TextSettings settings;
    settings.steps = 30;
    const auto given_class_1 = [&](std::vector<float> weights) {
        SelfCommunicator self;
        settings.class_weights = std::move(weights);
        TextTraining training(settings, self);
        training.trainer.begin({});
        for (int i = 0; i < 8; ++i) training.trainer.step();
        const Evaluation test = training.task.evaluate(Split::test);
        return test.confusion.predicted(1);
    };
    EXPECT_EQ(given_class_1({2.0f, 0.0f}), 0);
    EXPECT_EQ(given_class_1({0.0f, 2.0f}), 13);
}

TEST(TextTask, AccumulatedBatchesEqualTheLargeBatchWithDropout) {
    TextSettings whole, parts;
    whole.dropout = parts.dropout = 0.3;
    parts.batch = 4;
    parts.accumulate = 2;
    expect_close(steps_of(parts), steps_of(whole));
}

TEST(TextTask, TwoRanksEqualOne) {
    TextSettings settings;
    settings.dropout = 0.3;
    std::vector<std::vector<StepResult>> ranks(2);
    run_local_ranks(2, [&](Communicator& communicator) {
        ranks[static_cast<size_t>(communicator.rank())] = steps_of(settings, communicator);
    });
    expect_close(ranks[0], steps_of(settings));
    expect_close(ranks[1], ranks[0]);
}

TEST(TextTask, GoesOnInTheMiddleOfAnEpochWithTheSameBatches) {
    TextSettings settings;
    settings.steps = 6;
    const std::vector<StepResult> straight = steps_of(settings);
    SelfCommunicator self;
    TextTraining training(settings, self);
    TrainingState later;
    later.step = 5;
    later.position = {1, 1};
    training.trainer.begin(later);
    const StepResult step = training.trainer.step();
    EXPECT_EQ(step.samples, straight[5].samples);
    EXPECT_EQ(step.epoch, straight[5].epoch);
}

TEST(TextTask, WithoutShufflingTextsComeInTheirOrder) {
    SelfCommunicator self;
    TextSettings settings;
    settings.shuffle = false;
    TextTraining training(settings, self);
    training.task.begin({.batch = 8});
    struct Seen final : ForwardObserver {
        void hidden(int64_t block, const Tensor& tokens) override {
            if (block == 0) shapes.push_back(tokens.shape());
        }
        bool wants_attention(AttentionPlace) const override { return false; }
        void attention(AttentionPlace, int64_t, const Tensor&) override {}
        std::vector<Shape> shapes;
    } seen;
    training.task.next({});
    training.context.tape().clear();
    training.task.observe(seen, 2);
    EXPECT_EQ(seen.shapes, (std::vector<Shape>{{1, 1, 12}, {1, 6, 12}}));  // their words
}

TEST(TextTask, TheReferenceDeviceGivesTheSame) {
    TextSettings reference;
    reference.device = "reference";
    expect_close(steps_of(reference), steps_of({}));
}

TEST(TextTask, ANaNWeightIsNamed) {
    SelfCommunicator self;
    TextTraining training({}, self);
    for (Parameter* parameter : training.store.parameters()) {
        if (parameter->parts()[0].name != "head.weight") continue;
        Tensor value = parameter->value();
        std::vector<float> values = value.to_vector();
        values[0] = NAN;
        value.copy_from_host(values.data());
    }
    training.trainer.begin({});
    EXPECT_TRUE(contains(message_of<NotFinite>([&] { training.trainer.step(); }), "not a finite number at step 1"));
    EXPECT_TRUE(contains(message_of<Error>([&] { training.task.evaluate(Split::test); }),
                         "numbers that are not finite for texts of the test split"));
}

/// The attention of each text that was observed.
struct ObservedShapes final : ForwardObserver {
    void hidden(int64_t, const Tensor&) override {}
    bool wants_attention(AttentionPlace) const override { return true; }
    void attention(AttentionPlace, int64_t, const Tensor& weights) override { shapes.push_back(weights.shape()); }

    std::vector<Shape> shapes;
};

TEST(TextTask, AttentionIsObservedWithoutPadding) {
    SelfCommunicator self;
    TextTraining training({.shuffle = false}, self);
    training.trainer.begin({});
    training.trainer.step();
    ObservedShapes observed;
    training.task.observe(observed, 5);
    ASSERT_EQ(observed.shapes.size(), 5U);
    const std::vector<int32_t> lengths = training.task.data().train.texts.lengths();
    for (size_t i = 0; i < 5; ++i) EXPECT_EQ(observed.shapes[i], (Shape{1, 2, lengths[i], lengths[i]})) << i;
}

}  // namespace
}  // namespace heed::text_task_test
