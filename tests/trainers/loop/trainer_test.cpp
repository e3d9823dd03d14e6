#include "heed/trainers/loop/trainer.h"
#include "heed/trainers/images/image_facts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "heed/core/ranks/local_ranks.h"
#include "heed/layers/models/vit.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/trainers/images/formula_images.h"
#include "heed/tests/trainers/loop/step_totals.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/images/image_task.h"
#include "heed/trainers/optimizers/adam.h"
#include "heed/trainers/optimizers/sgd.h"

namespace heed::trainer_test {
namespace {

using test::contains;
using test::message_of;

/// A training of a small model on images from a formula.
struct Settings {
    TrainOptions train;
    AdamWOptions optimizer;
    int64_t images = 24;
    int64_t batch = 8;  ///< of a micro-batch, over all ranks
    double dropout = 0.0;
    std::string device = "cpu";
    Normalisation normalisation = {{0.5}, {0.25}};
    AugmentOptions augment;

    Settings() {
        train.steps = 6;
        train.seed = 3;
        optimizer.lr = 3e-3;
        optimizer.schedule = "constant";
        optimizer.warmup = Span::steps(0);
    }
};

struct Training {
    Training(const Settings& settings, Communicator& communicator)
        : context(settings.device),
          data(test::data_of(std::make_shared<test::FormulaImages>(settings.images, ImageShape{2, 8, 8}, 3),
                             settings.normalisation)),
          model(make_model(settings)),
          store(context, *model, static_cast<uint64_t>(settings.train.seed)),
          task(context, *model, data, settings.train.label_smoothing, 8, settings.augment),
          trainer(context, task, store, settings.train, settings.optimizer, settings.batch, communicator) {}

    static std::unique_ptr<ImageClassifier> make_model(const Settings& settings) {
        VitOptions options;
        options.dim = 12;
        options.depth = 2;
        options.heads = 2;
        options.mlp_dim = 16;
        options.dropout = settings.dropout;
        AttentionOptions attention;
        attention.dropout = settings.dropout;
        return make_vit(options, {&attention_type("sdpa"), &attention}, {2, 8, 8, 3});
    }

    std::vector<float> weights() const {
        std::vector<float> result;
        for (Parameter* parameter : store.parameters()) {
            const std::vector<float> values = parameter->value().to_vector();
            result.insert(result.end(), values.begin(), values.end());
        }
        return result;
    }

    /// The weights whose gradient is not zero in truth: rounding errors decide what Adam does to key biases.
    std::vector<float> determined_weights() const {
        std::vector<float> result;
        for (Parameter* parameter : store.parameters()) {
            for (const ParameterPart& part : parameter->parts()) {
                if (part.name.ends_with("key.bias")) continue;
                const std::vector<float> values = parameter->part_value(part).to_vector();
                result.insert(result.end(), values.begin(), values.end());
            }
        }
        return result;
    }

    Context context;
    ImageData data;
    std::unique_ptr<ImageClassifier> model;
    ParameterStore store;
    ImageTask task;
    Trainer trainer;
};

struct Outcome {
    std::vector<StepResult> steps;
    std::vector<float> weights, determined_weights;
};

Outcome run(const Settings& settings, Communicator& communicator) {
    Training training(settings, communicator);
    training.trainer.begin({});
    Outcome outcome;
    while (!training.trainer.finished()) outcome.steps.push_back(training.trainer.step());
    outcome.weights = training.weights();
    outcome.determined_weights = training.determined_weights();
    return outcome;
}

Outcome run(const Settings& settings) {
    SelfCommunicator self;
    return run(settings, self);
}

void expect_close(const Outcome& a, const Outcome& b) {
    ASSERT_EQ(a.steps.size(), b.steps.size());
    for (size_t i = 0; i < a.steps.size(); ++i) {
        EXPECT_CLOSE(a.steps[i].loss, b.steps[i].loss, 1e-5) << "step " << i + 1;
        EXPECT_CLOSE(a.steps[i].gradient_norm, b.steps[i].gradient_norm, 1e-4) << "step " << i + 1;
        EXPECT_EQ(a.steps[i].samples, b.steps[i].samples) << "step " << i + 1;
        EXPECT_EQ(a.steps[i].accuracy, b.steps[i].accuracy) << "step " << i + 1;
    }
    ASSERT_EQ(a.determined_weights.size(), b.determined_weights.size());
    float largest = 0;
    for (const float weight : b.determined_weights) largest = std::max(largest, std::abs(weight));
    for (size_t i = 0; i < a.determined_weights.size(); ++i) {
        ASSERT_NEAR(a.determined_weights[i], b.determined_weights[i], 1e-5 * largest) << i;
    }
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i)
        sum += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    return std::sqrt(sum);
}

TEST(Trainer, LearnsItsTrainingSetByHeart) {
    Settings settings;
    settings.train.steps = 150;
    const Outcome outcome = run(settings);
    EXPECT_GT(outcome.steps.front().loss, 0.8);
    EXPECT_LT(outcome.steps.back().loss, 0.1);
    EXPECT_EQ(outcome.steps.back().accuracy, 1.0);
}

TEST(Trainer, CountsStepsEpochsAndSamples) {
    Settings settings;
    settings.images = 22;  // batches of 8, 8 and 6
    settings.train.steps = 0;
    settings.train.epochs = 2;
    SelfCommunicator self;
    Training training(settings, self);
    EXPECT_EQ(training.trainer.epoch_steps(), 3);
    EXPECT_EQ(training.trainer.total_steps(), 6);
    training.trainer.begin({});
    for (int64_t step = 1; step <= 6; ++step) {
        EXPECT_FALSE(training.trainer.finished());
        const StepResult result = training.trainer.step();
        EXPECT_EQ(result.step, step);
        EXPECT_EQ(result.epoch, (step - 1) / 3);
        EXPECT_EQ(result.samples, step % 3 == 0 ? 6 : 8);
        EXPECT_EQ(training.trainer.at_epoch_end(), step % 3 == 0);
        EXPECT_GE(result.seconds, result.data_wait);
    }
    EXPECT_TRUE(training.trainer.finished());
}

TEST(Trainer, AccumulatedBatchesAreTheLargeBatchDropoutIncluded) {
    Settings large;
    large.images = 22;
    large.dropout = 0.2;
    Settings accumulated = large;
    accumulated.batch = 4;
    accumulated.train.accumulate = 2;
    Settings finest = large;
    finest.batch = 1;
    finest.train.accumulate = 8;
    const Outcome wanted = run(large);
    expect_close(run(accumulated), wanted);
    expect_close(run(finest), wanted);
}

AugmentOptions everything_augmented() {
    AugmentOptions augment;
    augment.flip = true;
    augment.crop = 2;
    augment.erase = 0.5;
    augment.jitter = {0.3};
    augment.mixup = 0.5;
    augment.cutmix = 1.0;
    return augment;
}

TEST(Trainer, AugmentedBatchesAreTheSameForAccumulationAndRanks) {
    Settings large;
    large.images = 22;
    const Outcome plain = run(large);
    large.augment = everything_augmented();
    large.train.label_smoothing = 0.1;
    const Outcome wanted = run(large);
    EXPECT_NE(wanted.weights, plain.weights);
    Settings accumulated = large;
    accumulated.batch = 4;
    accumulated.train.accumulate = 2;
    expect_close(run(accumulated), wanted);
    run_local_ranks(2, [&](Communicator& communicator) {
        const Outcome outcome = run(large, communicator);
        if (communicator.rank() == 0) expect_close(outcome, wanted);
    });
}

TEST(Trainer, MixupTrainsOnBothLabelsByTheirShares) {
    Settings settings;
    settings.augment.mixup = 0.5;
    SelfCommunicator self;
    Training training(settings, self);
    const BatchPlan plan{.batch = 8, .shuffle = true, .seed = 3, .end_epoch = 1};
    BatchLoader loader(training.data.train, settings.normalisation, plan, settings.augment);
    const ImageBatch* batch = loader.next();
    ASSERT_NE(batch, nullptr);
    NoGradient guard(training.context);
    const Tensor images = images_on_device(training.context, *batch, training.data.shape());
    const std::vector<float> logits = training.model->forward(images, {}).value().to_vector();
    double expected = 0;
    for (size_t i = 0; i < 8; ++i) {
        double sum = 0;
        for (size_t c = 0; c < 3; ++c) sum += std::exp(static_cast<double>(logits[3 * i + c]));
        const auto nll = [&](int32_t label) {
            return std::log(sum) - static_cast<double>(logits[3 * i + static_cast<size_t>(label)]);
        };
        const double own = static_cast<double>(batch->own_share);
        expected += own * nll(batch->labels[i]) + (1 - own) * nll(batch->partner_labels[i]);
    }
    training.task.begin(plan);
    EXPECT_CLOSE(test::sums_of(training.task.next({})).loss, expected, 1e-5);
}

TEST(Trainer, RanksAreTheSameAsOneRank) {
    Settings settings;
    settings.images = 22;
    settings.dropout = 0.2;
    settings.train.steps = 5;
    const Outcome wanted = run(settings);
    for (const int ranks : {2, 3}) {
        SCOPED_TRACE(std::to_string(ranks) + " ranks");
        std::vector<Outcome> outcomes(static_cast<size_t>(ranks));
        run_local_ranks(ranks, [&](Communicator& communicator) {
            outcomes[static_cast<size_t>(communicator.rank())] = run(settings, communicator);
        });
        for (const Outcome& outcome : outcomes) {
            expect_close(outcome, wanted);
            EXPECT_EQ(outcome.weights, outcomes[0].weights) << "ranks have drifted apart";
        }
    }
}

TEST(Trainer, RanksAndAccumulationTogetherAreTheLargeBatch) {
    Settings settings;
    settings.images = 22;
    settings.dropout = 0.2;
    const Outcome wanted = run(settings);
    settings.batch = 4;
    settings.train.accumulate = 2;
    run_local_ranks(2, [&](Communicator& communicator) {
        const Outcome outcome = run(settings, communicator);
        if (communicator.rank() == 0) expect_close(outcome, wanted);
    });
}

TEST(Trainer, ExactSumsGiveEveryPowerOfTwoOfRanksTheBitsOfOne) {
    Settings settings;
    settings.images = 22;  // the last batch has fewer samples than the others, and parts of unequal size
    settings.dropout = 0.2;
    settings.train.exact_reduce = 8;
    const Outcome wanted = run(settings);
    for (const int ranks : {2, 4, 8}) {
        SCOPED_TRACE(std::to_string(ranks) + " ranks");
        run_local_ranks(ranks, [&](Communicator& communicator) {
            const Outcome outcome = run(settings, communicator);
            EXPECT_EQ(outcome.weights, wanted.weights);
            for (size_t i = 0; i < wanted.steps.size(); ++i) {
                EXPECT_EQ(outcome.steps[i].loss, wanted.steps[i].loss);
                EXPECT_EQ(outcome.steps[i].gradient_norm, wanted.steps[i].gradient_norm);
            }
        });
    }
    Settings large = settings;
    large.train.exact_reduce = 0;
    expect_close(run(large), wanted);
    EXPECT_THROW(run_local_ranks(3, [&](Communicator& communicator) { run(settings, communicator); }), UserError);
}

TEST(Trainer, ShardsOfTheOptimizerTrainAsAWholeOneAndMakeItsState) {
    Settings settings;
    settings.images = 22;
    settings.train.clip = 0.1;
    const auto states_of = [](Training& training) {
        std::vector<float> values;
        for (const OptimizerState& state : training.trainer.gather_optimizer()) {
            for (const Tensor& buffer : state.buffers) {
                if (!buffer.defined()) continue;
                const std::vector<float> part = buffer.to_vector();
                values.insert(values.end(), part.begin(), part.end());
            }
        }
        return values;
    };
    SelfCommunicator self;
    Training whole(settings, self);
    whole.trainer.begin({});
    while (!whole.trainer.finished()) whole.trainer.step();
    settings.train.shard_optimizer = true;
    for (const int ranks : {2, 3}) {
        SCOPED_TRACE(std::to_string(ranks) + " ranks");
        std::vector<std::vector<float>> weights(static_cast<size_t>(ranks)), states = weights;
        std::vector<int64_t> kept(static_cast<size_t>(ranks));
        run_local_ranks(ranks, [&](Communicator& communicator) {
            Training training(settings, communicator);
            training.trainer.begin({});
            while (!training.trainer.finished()) training.trainer.step();
            const auto rank = static_cast<size_t>(communicator.rank());
            weights[rank] = training.determined_weights();
            states[rank] = states_of(training);
            for (const Tensor& buffer : training.trainer.optimizer().states()[0].buffers) {
                kept[rank] += buffer.defined() ? buffer.elements() : 0;
            }
            EXPECT_EQ(training.weights().size(), whole.weights().size());
        });
        const std::vector<float> wanted = states_of(whole), wanted_weights = whole.determined_weights();
        int64_t kept_by_all = 0;
        for (size_t rank = 0; rank < weights.size(); ++rank) {
            EXPECT_EQ(weights[rank], weights[0]);
            EXPECT_EQ(states[rank], states[0]);
            EXPECT_GT(kept[rank], 0);
            kept_by_all += kept[rank];
        }
        EXPECT_EQ(kept_by_all * 2, static_cast<int64_t>(wanted.size())) << "each number is kept once, in two states";
        test::expect_near_by_scale(weights[0], wanted_weights, 1e-4);
        test::expect_near_by_scale(states[0], wanted, 1e-3);
    }
}

class TrainerOnDevices : public testing::TestWithParam<const char*> {};

TEST_P(TrainerOnDevices, TheSameSeedGivesTheSameBits) {
    Settings settings;
    settings.device = GetParam();
    settings.dropout = 0.2;
    const Outcome once = run(settings), again = run(settings);
    EXPECT_EQ(once.weights, again.weights);
    for (size_t i = 0; i < once.steps.size(); ++i) EXPECT_EQ(once.steps[i].loss, again.steps[i].loss);
    settings.train.seed = 4;
    EXPECT_NE(run(settings).weights, once.weights);
}

TEST_P(TrainerOnDevices, AResumedTrainingHasTheBitsOfOneThatWasNeverStopped) {
    Settings settings;
    settings.device = GetParam();
    settings.dropout = 0.2;
    settings.augment = everything_augmented();
    settings.train.steps = 7;  // stopped after 4, in the second epoch
    const Outcome straight = run(settings);

    const test::TemporaryFolder folder;
    const std::string path = folder / "state.safetensors";
    SelfCommunicator self;
    {
        Training first(settings, self);
        first.trainer.begin({});
        for (int i = 0; i < 4; ++i) first.trainer.step();
        write_checkpoint(path, first.store, &first.trainer.optimizer().states(),
                         {"", ImageDataFacts::of(first.data), first.trainer.progress(), ""});
    }
    Settings other_start = settings;
    Training second(other_start, self);
    const SafetensorsFile file(path);
    load_weights(file, second.store);
    load_optimizer(file, second.store, second.trainer.optimizer());
    second.trainer.begin(read_checkpoint_facts(file).progress);
    for (int64_t step = 5; step <= 7; ++step) {
        const StepResult result = second.trainer.step();
        EXPECT_EQ(result.step, step);
        EXPECT_EQ(result.loss, straight.steps[static_cast<size_t>(step - 1)].loss);
    }
    EXPECT_TRUE(second.trainer.finished());
    EXPECT_EQ(second.weights(), straight.weights);
}

INSTANTIATE_TEST_SUITE_P(Devices, TrainerOnDevices, testing::Values("cpu", "reference"));

TEST(Trainer, WithoutShufflingTheOrderIsThatOfTheData) {
    Settings settings;
    settings.train.shuffle = false;
    const Outcome a = run(settings);
    // The same seed but for the order: one batch that holds everything does not depend on it.
    Settings everything;
    everything.batch = 24;
    const Outcome shuffled = run(everything);
    everything.train.shuffle = false;
    expect_close(run(everything), shuffled);
    EXPECT_NE(a.weights, run(Settings()).weights);
}

TEST(Trainer, ClippingBoundsTheStepByTheNormOfTheGradient) {
    // Plain gradient descent with a learning rate of 1 moves the weights by the gradient itself.
    SgdOptions sgd;
    sgd.lr = 1.0;
    sgd.momentum = 0.0;
    sgd.weight_decay = 0.0;
    sgd.schedule = "constant";
    sgd.warmup = Span::steps(0);
    SelfCommunicator self;
    double unclipped = 0;
    for (const double clip : {0.0, 1e6, 0.01}) {
        Settings settings;
        settings.train.clip = clip;
        Training training(settings, self);
        Trainer trainer(training.context, training.task, training.store, settings.train, sgd, settings.batch, self);
        trainer.begin({});
        const std::vector<float> before = training.weights();
        const StepResult result = trainer.step();
        const double moved = distance(training.weights(), before);
        EXPECT_GT(result.gradient_norm, 0.05);
        if (clip == 0.0) unclipped = result.gradient_norm;
        EXPECT_EQ(result.gradient_norm, unclipped) << "the norm that is told is the one before clipping";
        EXPECT_NEAR(moved, clip == 0.01 ? 0.01 : unclipped, 1e-5 * unclipped);
    }
}

TEST(Trainer, InputThatIsNotANumberNamesTheFirstOpAndLeavesTheWeights) {
    Settings settings;
    settings.normalisation.mean = {std::numeric_limits<double>::quiet_NaN()};
    SelfCommunicator self;
    Training training(settings, self);
    training.trainer.begin({});
    const std::vector<float> before = training.weights();
    const std::string message = message_of<NotFinite>([&] { training.trainer.step(); });
    EXPECT_TRUE(contains(message, "at step 1"));
    EXPECT_TRUE(contains(message, "first seen in"));
    EXPECT_TRUE(contains(message, "linear"));
    EXPECT_EQ(training.weights(), before);
    EXPECT_EQ(training.trainer.progress().step, 0);
}

TEST(Trainer, AWeightThatBecomesInfiniteIsFoundInItsBlock) {
    Settings settings;
    SelfCommunicator self;
    Training training(settings, self);
    training.trainer.begin({});
    for (int i = 0; i < 2; ++i) training.trainer.step();
    for (Parameter* parameter : training.store.parameters()) {
        if (parameter->parts().front().name != "encoder.layers.1.mlp.fc1.weight") continue;
        std::vector<float> values = parameter->value().to_vector();
        values[5] = std::numeric_limits<float>::infinity();
        Tensor value = parameter->value();
        value.copy_from_host(values.data());
    }
    const std::vector<float> before = training.weights();
    const std::string message = message_of<NotFinite>([&] { training.trainer.step(); });
    EXPECT_TRUE(contains(message, "at step 3"));
    EXPECT_TRUE(contains(message, "encoder.layers.1"));
    EXPECT_EQ(training.weights(), before);
}

TEST(Trainer, OneRankThatFailsEndsAll) {
    Settings settings;
    EXPECT_THROW(run_local_ranks(2,
                                 [&](Communicator& communicator) {
                                     Training training(settings, communicator);
                                     training.trainer.begin({});
                                     training.trainer.step();
                                     if (communicator.rank() == 1) throw UserError("rank 1 gives up");
                                     training.trainer.step();
                                 }),
                 UserError);
}

}  // namespace
}  // namespace heed::trainer_test
