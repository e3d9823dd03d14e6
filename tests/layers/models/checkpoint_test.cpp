// Activation checkpointing must not be seen in anything but memory and time.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "heed/attention/smyrf/smyrf_attention.h"
#include "heed/core/forward_observer.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/layers/models/text_classifier.h"
#include "heed/layers/models/translator.h"
#include "heed/layers/models/vit.h"
#include "heed/tests/layers/models/formula_texts.h"

namespace heed::checkpoint_test {
namespace {

using test::FormulaTexts;

/// What a step shows of itself.
struct Step {
    std::vector<float> logits, gradients;
    size_t peak_bytes = 0;
    size_t kept_bytes = 0;  ///< in use after the forward pass

    bool operator==(const Step& other) const { return logits == other.logits && gradients == other.gradients; }
};

/// Counts what it is shown.
struct Count final : ForwardObserver {
    void hidden(int64_t, const Tensor&) override { ++hiddens; }
    bool wants_attention(AttentionPlace) const override { return true; }
    void attention(AttentionPlace, int64_t, const Tensor&) override { ++attentions; }
    int hiddens = 0, attentions = 0;
};

ForwardState training_state(ForwardObserver* observer = nullptr) {
    return {.training = true, .seed = 3, .step = 5, .first_sample = 2, .observer = observer};
}

/// Options of the type under which smyrf does not fall back to dense attention for short sequences.
std::unique_ptr<Options> attention_options(const AttentionType& type) {
    std::unique_ptr<Options> options = type.make_options();
    if (auto* smyrf = dynamic_cast<SmyrfOptions*>(options.get())) {
        smyrf->cluster = 2;
        smyrf->block = 4;
    }
    return options;
}

/// A model with parameters from formulas and a step of it, whose logits `forward` makes.
template <class Model>
Step step_of(Context& context, Model& model, const std::function<Variable(const ForwardState&)>& forward,
             ForwardObserver* observer = nullptr, const std::string& frozen = "") {
    ParameterStore store(context, model, 1,
                         [&](const std::string& name) { return !frozen.empty() && name.starts_with(frozen); });
    test::set_formula_values(store);
    Step step;
    // Two micro-batches, so that gradients are added to others.
    store.begin_step();
    for (int part = 0; part < 2; ++part) {
        context.allocator().reset_peak();
        const Variable logits = forward(training_state(observer));
        step.kept_bytes = context.allocator().bytes_in_use();
        step.logits = logits.value().to_vector();
        const std::vector<int32_t> ones(static_cast<size_t>(logits.shape()[0]), 1);
        const Tensor targets = Tensor::from_host(context, {logits.shape()[0]}, std::span<const int32_t>(ones));
        context.tape().backward(cross_entropy(logits, targets, 0.0f).loss);
        step.peak_bytes = context.allocator().peak_bytes();
        context.tape().clear();
    }
    store.finish_gradients();
    for (const ParameterGroup& group : store.groups()) {
        if (!group.trainable) continue;
        const std::vector<float> values = group.gradients.to_vector();
        step.gradients.insert(step.gradients.end(), values.begin(), values.end());
    }
    return step;
}

struct Case {
    std::string type, device, norm;
};

std::vector<Case> cases(bool translator) {
    std::vector<Case> result;
    for (const AttentionType& type : attention_types()) {
        const AttentionCapabilities& can = type.capabilities;
        if (translator ? !can.causal_self || !can.causal_cross : !can.noncausal_self) continue;
        for (const char* norm : {"pre", "post"}) {
            for (const char* device : {"cpu", "reference"}) result.push_back({type.name, device, norm});
        }
    }
    return result;
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
    return info.param.type + "_" + info.param.norm + "_" + info.param.device;
}

class CheckpointedEncoder : public testing::TestWithParam<Case> {};
class CheckpointedTranslator : public testing::TestWithParam<Case> {};

Step vit_step(const Case& of, bool checkpoint, ForwardObserver* observer = nullptr, const std::string& frozen = "",
              int64_t depth = 3) {
    Context context(of.device);
    VitOptions options;
    options.dim = 12;
    options.depth = depth;
    options.heads = 3;
    options.mlp_dim = 20;
    options.norm = of.norm;
    options.dropout = 0.2;
    options.drop_path = 0.3;
    options.checkpoint_activations = checkpoint;
    const AttentionType& type = attention_type(of.type);
    const auto attention = attention_options(type);
    const auto model = make_vit(options, {&type, &dynamic_cast<const AttentionOptions&>(*attention)}, {2, 8, 12, 5});
    const Shape shape{4, 2, 8, 12};
    return step_of(
        context, *model,
        [&](const ForwardState& state) {
            return model->forward(Tensor::from_host(context, shape, test::numbers(shape.elements(), 3)), state);
        },
        observer, frozen);
}

TEST_P(CheckpointedEncoder, OfImagesGivesTheSameBits) {
    const Step plain = vit_step(GetParam(), false);
    EXPECT_FALSE(plain.gradients.empty());
    EXPECT_EQ(vit_step(GetParam(), true), plain);
}

TEST_P(CheckpointedEncoder, OfTextsGivesTheSameBits) {
    const auto step = [&](bool checkpoint) {
        Context context(GetParam().device);
        TextClassifierOptions options;
        options.dim = 12;
        options.depth = 3;
        options.heads = 3;
        options.mlp_dim = 20;
        options.norm = GetParam().norm;
        options.dropout = 0.2;
        options.drop_path = 0.3;
        options.checkpoint_activations = checkpoint;
        const AttentionType& type = attention_type(GetParam().type);
        const auto attention = attention_options(type);
        const auto model =
            make_text_classifier(options, {&type, &dynamic_cast<const AttentionOptions&>(*attention)}, {23, 9, 3});
        const FormulaTexts texts({7, 3, 0, 5}, 7, 23);
        return step_of(context, *model, [&](const ForwardState& state) {
            return model->forward(texts.ids_on(context), texts.lengths_on(context), state);
        });
    };
    EXPECT_EQ(step(true), step(false));
}

Step translator_step(const Case& of, bool checkpoint, ForwardObserver* observer = nullptr) {
    Context context(of.device);
    TranslatorOptions options;
    options.dim = 12;
    options.encoder_depth = 2;
    options.decoder_depth = 3;
    options.heads = 3;
    options.mlp_dim = 20;
    options.norm = of.norm;
    options.dropout = 0.2;
    options.checkpoint_activations = checkpoint;
    const AttentionType& type = attention_type(of.type);
    const auto attention = attention_options(type);
    const AttentionChoice choice{&type, &dynamic_cast<const AttentionOptions&>(*attention)};
    const auto model = make_translator(
        options, {choice, choice, choice},
        {.source_vocabulary = 17, .target_vocabulary = 19, .max_source_tokens = 8, .max_target_tokens = 6});
    const FormulaTexts source({8, 3, 5}, 8, 17), target({2, 6, 4}, 6, 19, 2);
    return step_of(
        context, *model,
        [&](const ForwardState& state) {
            const Tensor lengths = source.lengths_on(context);
            const Variable encoded = model->encode(source.ids_on(context), lengths, state);
            const Variable logits =
                model->decode(target.ids_on(context), target.lengths_on(context), encoded, lengths, state);
            return reshape(logits, {logits.shape().rows(), logits.shape()[-1]});
        },
        observer);
}

TEST_P(CheckpointedTranslator, GivesTheSameBits) {
    const Step plain = translator_step(GetParam(), false);
    EXPECT_FALSE(plain.gradients.empty());
    EXPECT_EQ(translator_step(GetParam(), true), plain);
}

INSTANTIATE_TEST_SUITE_P(Types, CheckpointedEncoder, testing::ValuesIn(cases(false)), case_name);
INSTANTIATE_TEST_SUITE_P(Types, CheckpointedTranslator, testing::ValuesIn(cases(true)), case_name);

TEST(Checkpointing, ShowsAnObserverEveryBlockOnce) {
    for (const char* norm : {"pre", "post"}) {
        Count count;
        vit_step({"sdpa", "cpu", norm}, true, &count);
        EXPECT_EQ(count.hiddens, 2 * 4);
        EXPECT_EQ(count.attentions, 2 * 3);
        Count of_translator;
        translator_step({"sdpa", "cpu", norm}, true, &of_translator);
        EXPECT_EQ(of_translator.hiddens, 2 * 3);
        EXPECT_EQ(of_translator.attentions, 2 * (2 + 3 + 3));
    }
}

TEST(Checkpointing, WorksWithFrozenParts) {
    for (const char* frozen : {"encoder.layers.0.", "encoder.", "patch_embedding."}) {
        EXPECT_EQ(vit_step({"sdpa", "cpu", "pre"}, true, nullptr, frozen),
                  vit_step({"sdpa", "cpu", "pre"}, false, nullptr, frozen))
            << frozen;
    }
}

/// Without checkpoints what is kept for backward grows with the depth some ten times as fast.
TEST(Checkpointing, KeepsWhatEntersABlockAlone) {
    const auto growth = [](bool checkpoint, size_t Step::*bytes) {
        const Case of{"sdpa", "cpu", "pre"};
        return static_cast<double>(vit_step(of, checkpoint, nullptr, "", 22).*bytes) -
               static_cast<double>(vit_step(of, checkpoint, nullptr, "", 2).*bytes);
    };
    EXPECT_LT(growth(true, &Step::kept_bytes), 0.5 * growth(false, &Step::kept_bytes));
    EXPECT_LT(growth(true, &Step::peak_bytes), 0.5 * growth(false, &Step::peak_bytes));
}

}  // namespace
}  // namespace heed::checkpoint_test
