// ctest: slow
#include <gtest/gtest.h>

#include <cmath>
#include <string_view>

#include "heed/attention/smyrf/smyrf_attention.h"
#include "heed/layers/models/translator.h"
#include "heed/layers/models/vit.h"
#include "heed/tests/trainers/images/formula_images.h"
#include "heed/trainers/images/image_task.h"
#include "heed/trainers/loop/trainer.h"
#include "heed/trainers/optimizers/adam.h"
#include "heed/trainers/translations/translation_task.h"

// A training with AdamW is the same however its batches are split and whichever device computes it, for every attention
// type and with biases. A key bias has no gradient in truth: Adam turns the rounding error that it has into steps of
// full length, which must have no influence on anything else.

namespace heed::equal_training_test {
namespace {

constexpr int64_t steps = 30, samples = 64;

struct Settings {
    const AttentionType* type;
    const char* device = "cpu";
    int64_t parts = 1;
};

/// Options of a type, with clusters that cut the short sequences of these tests.
std::unique_ptr<Options> options_of(const AttentionType& type) {
    std::unique_ptr<Options> options = type.make_options();
    if (auto* smyrf = dynamic_cast<SmyrfOptions*>(options.get())) {
        smyrf->cluster = 3;
        smyrf->block = 4;
    }
    return options;
}

struct Outcome {
    std::vector<double> losses;
    std::vector<float> weights, key_biases;
};

Outcome train(Context& context, Task& task, ParameterStore& store, int64_t batch, int64_t parts) {
    TrainOptions train;
    train.steps = steps;
    train.seed = 3;
    train.accumulate = parts;
    AdamWOptions optimizer;
    optimizer.lr = 1e-3;
    optimizer.schedule = "constant";
    optimizer.warmup = Span::steps(0);
    SelfCommunicator self;
    Trainer trainer(context, task, store, train, optimizer, batch / parts, self);
    trainer.begin({});
    Outcome outcome;
    while (!trainer.finished()) outcome.losses.push_back(trainer.step().loss);
    for (Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            const std::vector<float> values = parameter->part_value(part).to_vector();
            auto& to = part.name.ends_with("key.bias") ? outcome.key_biases : outcome.weights;
            to.insert(to.end(), values.begin(), values.end());
        }
    }
    return outcome;
}

Outcome train_images(const Settings& settings) {
    Context context(settings.device);
    VitOptions options;
    options.dim = 12;
    options.depth = 2;
    options.heads = 2;
    options.mlp_dim = 16;
    options.patch = 2;
    options.dropout = 0;
    const std::unique_ptr<Options> attention = options_of(*settings.type);
    const auto model =
        make_vit(options, {settings.type, dynamic_cast<AttentionOptions*>(attention.get())}, {2, 8, 8, 3});
    ParameterStore store(context, *model, 3);
    ImageTask task(
        context, *model,
        test::data_of(std::make_shared<test::FormulaImages>(samples, ImageShape{2, 8, 8}, 3), {{0.5}, {0.25}}), 0, 8);
    return train(context, task, store, samples, settings.parts);
}

/// Pairs of 9 to 13 ids from 4 on.
EncodedTranslations numbered_pairs() {
    constexpr int32_t begin = 2, end = 3;
    EncodedTranslations pairs;
    for (int64_t i = 0; i < samples; ++i) {
        std::vector<int32_t> source, target = {begin};
        for (int64_t t = 0; t < 9 + i % 5; ++t) {
            source.push_back(static_cast<int32_t>(4 + (5 * i + t * (1 + i % 3)) % 8));
            target.push_back(static_cast<int32_t>(4 + (3 * i + t * t) % 8));
        }
        source.push_back(end);
        target.push_back(end);
        pairs.sources.add(source);
        pairs.targets.add(target);
    }
    return pairs;
}

Outcome train_translations(const Settings& settings) {
    Context context(settings.device);
    TranslatorOptions options;
    options.dim = 12;
    options.encoder_depth = options.decoder_depth = 1;
    options.heads = 2;
    options.mlp_dim = 16;
    options.dropout = 0;
    const std::unique_ptr<Options> attention = options_of(*settings.type);
    const AttentionChoice choice = {settings.type, dynamic_cast<AttentionOptions*>(attention.get())};
    const auto model = make_translator(options, {choice, choice, choice}, {12, 12, 16, 16, true});
    ParameterStore store(context, *model, 3);
    EncodedTranslationData data;
    data.train = numbered_pairs();
    TranslationTask task(context, *model, std::move(data), 0, {});
    return train(context, task, store, 15 * 32, settings.parts);
}

/// |a - b| over |b|.
double relative_distance(const std::vector<float>& a, const std::vector<float>& b) {
    double distance = 0, length = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        distance += std::pow(static_cast<double>(a[i]) - b[i], 2);
        length += std::pow(static_cast<double>(b[i]), 2);
    }
    return std::sqrt(distance / length);
}

void expect_same(const Outcome& a, const Outcome& b) {
    ASSERT_EQ(a.losses.size(), static_cast<size_t>(steps));
    ASSERT_EQ(a.losses.size(), b.losses.size());
    for (size_t i = 0; i < a.losses.size(); ++i) {
        EXPECT_NEAR(a.losses[i] / b.losses[i], 1, 3e-5) << "step " << i + 1;
    }
    EXPECT_LT(relative_distance(a.weights, b.weights), 3e-5);
    EXPECT_LT(b.losses.back(), 0.97 * b.losses.front());
}

class EqualTraining : public testing::TestWithParam<const AttentionType*> {};
class EqualTranslations : public EqualTraining {};

TEST_P(EqualTraining, OfImagesInOneBatchAndInFour) {
    const Outcome whole = train_images({GetParam()}), parts = train_images({GetParam(), "cpu", 4});
    expect_same(parts, whole);
    // What this is about: the bias did go other ways, where it shifts all scores of a query alike.
    if (GetParam()->capabilities.softmax && !whole.key_biases.empty()) {
        EXPECT_GT(relative_distance(parts.key_biases, whole.key_biases), 0.01);
    }
}

TEST_P(EqualTraining, OfImagesOnBothDevices) {
    expect_same(train_images({GetParam(), "reference"}), train_images({GetParam()}));
}

TEST_P(EqualTranslations, InOneBatchAndInFour) {
    expect_same(train_translations({GetParam(), "cpu", 4}), train_translations({GetParam()}));
}

TEST_P(EqualTranslations, OnBothDevices) {
    expect_same(train_translations({GetParam(), "reference"}), train_translations({GetParam()}));
}

std::vector<const AttentionType*> types(bool decoder) {
    std::vector<const AttentionType*> result;
    for (const AttentionType& type : attention_types()) {
        const AttentionCapabilities& can = type.capabilities;
        // A rounding error may select another query, and without mixing a class token learns nothing.
        if (std::string_view(type.name) == "probsparse") continue;
        if (can.noncausal_self && can.mixes && (!decoder || (can.causal_self && can.causal_cross)))
            result.push_back(&type);
    }
    return result;
}

INSTANTIATE_TEST_SUITE_P(Types, EqualTraining, testing::ValuesIn(types(false)),
                         [](const auto& each) { return each.param->name; });
INSTANTIATE_TEST_SUITE_P(Types, EqualTranslations, testing::ValuesIn(types(true)),
                         [](const auto& each) { return each.param->name; });

}  // namespace
}  // namespace heed::equal_training_test
