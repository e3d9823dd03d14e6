#include "heed/layers/models/translator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "heed/core/error.h"
#include "heed/core/forward_observer.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/tests/layers/models/formula_texts.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"

namespace heed::translator_test {
namespace {

using test::contains;
using test::FormulaTexts;
using test::message_of;

constexpr int64_t vocabulary = 19;
constexpr TranslationGeometry geometry{
    .source_vocabulary = 17, .target_vocabulary = vocabulary, .max_source_tokens = 8, .max_target_tokens = 6};

TranslatorOptions small_options() {
    TranslatorOptions options;
    options.dim = 12;
    options.encoder_depth = 1;
    options.decoder_depth = 2;
    options.heads = 3;
    options.mlp_dim = 20;
    options.dropout = 0;
    return options;
}

/// Types of attention that can be in the decoder, of those where tokens see each other.
std::vector<std::string> decoder_types() {
    std::vector<std::string> names;
    for (const AttentionType& type : attention_types()) {
        const AttentionCapabilities& can = type.capabilities;
        if (can.noncausal_self && can.causal_self && can.causal_cross && can.mixes) names.emplace_back(type.name);
    }
    return names;
}

/// A translator with parameters from formulas.
struct TestTranslator {
    Context context;
    std::vector<std::unique_ptr<Options>> attention;
    std::unique_ptr<Translator> model;
    std::unique_ptr<ParameterStore> store;

    explicit TestTranslator(const TranslatorOptions& options, const std::string& type = "sdpa",
                            const char* device = "cpu")
        : TestTranslator(options, {type, type, type}, device, geometry) {}

    TestTranslator(const TranslatorOptions& options, const std::vector<std::string>& types, const char* device,
                   const TranslationGeometry& texts)
        : context(device) {
        AttentionChoice choices[3];
        for (size_t place = 0; place < 3; ++place) {
            const AttentionType& type = attention_type(types[place]);
            attention.push_back(type.make_options());
            choices[place] = {&type, &dynamic_cast<AttentionOptions&>(*attention.back())};
        }
        model = make_translator(options, {choices[0], choices[1], choices[2]}, texts);
        store = std::make_unique<ParameterStore>(context, *model, 1);
        test::set_formula_values(*store);
    }

    Variable forward(const FormulaTexts& source, const FormulaTexts& target, const ForwardState& state = {}) {
        const Tensor lengths = source.lengths_on(context);
        const Variable encoded = model->encode(source.ids_on(context), lengths, state);
        return model->decode(target.ids_on(context), target.lengths_on(context), encoded, lengths, state);
    }
    std::vector<float> logits(const FormulaTexts& source, const FormulaTexts& target, const ForwardState& state = {}) {
        const NoGradient guard(context);
        return forward(source, target, state).value().to_vector();
    }
    /// Loss of the token after each real one (id + 1), with gradients where wanted.
    double loss(const FormulaTexts& source, const FormulaTexts& target, bool gradients) {
        std::vector<int32_t> targets;
        for (int64_t i = 0; i < target.batch() * target.tokens; ++i) {
            const bool real = i % target.tokens < target.lengths[static_cast<size_t>(i / target.tokens)];
            targets.push_back(real ? (target.ids[static_cast<size_t>(i)] + 1) % static_cast<int32_t>(vocabulary) : -1);
        }
        const int64_t rows = target.batch() * target.tokens;
        const Tensor wanted = Tensor::from_host(context, {rows}, std::span<const int32_t>(targets));
        const auto run = [&] {
            return cross_entropy(reshape(forward(source, target), {rows, vocabulary}), wanted, 0.1f);
        };
        if (!gradients) {
            const NoGradient guard(context);
            return run().totals().loss;
        }
        store->begin_step();
        const CrossEntropyResult result = run();
        context.tape().backward(result.loss);
        context.tape().clear();
        store->finish_gradients();
        return result.totals().loss;
    }

    DecoderState begin(const FormulaTexts& source) {
        const NoGradient guard(context);
        const Tensor lengths = source.lengths_on(context);
        return model->begin_decoding(model->encode(source.ids_on(context), lengths, {}).value(), lengths, 4);
    }
    std::vector<float> step(DecoderState& state, const std::vector<int32_t>& ids) {
        return model
            ->step(state, Tensor::from_host(context, {static_cast<int64_t>(ids.size())}, std::span<const int32_t>(ids)))
            .to_vector();
    }
};

const FormulaTexts sources({8, 3, 5}, 8, geometry.source_vocabulary, 1);
const FormulaTexts targets({6, 6, 4}, 6, vocabulary, 2);

std::vector<TranslatorOptions> all_forms() {
    std::vector<TranslatorOptions> forms;
    for (const char* norm : {"pre", "post"}) {
        for (const char* positions : {"sinusoidal", "learned", "none"}) {
            for (const char* tie : {"none", "target"}) {
                TranslatorOptions options = small_options();
                options.norm = norm;
                options.positions = positions;
                options.tie = tie;
                forms.push_back(options);
            }
        }
    }
    TranslatorOptions marian = small_options();
    marian.norm = "post";
    marian.positions = "sinusoidal_halves";
    marian.logits_bias = true;
    marian.scale_embedding = false;
    forms.push_back(marian);
    return forms;
}

/// Logits of tokens begin .. end - 1 of one text.
std::vector<float> of_text(const std::vector<float>& logits, int64_t text, int64_t begin, int64_t end,
                           int64_t tokens = 6) {
    const auto first = logits.begin() + text * tokens * vocabulary;
    return {first + begin * vocabulary, first + end * vocabulary};
}

TEST(Translator, EveryFormGivesLogitsOfTheVocabularyAlikeOnBothDevices) {
    for (const TranslatorOptions& options : all_forms()) {
        SCOPED_TRACE(options.norm + " " + options.positions + " " + options.tie);
        TestTranslator cpu(options), reference(options, "sdpa", "reference");
        EXPECT_EQ(cpu.forward(sources, targets).shape(), (Shape{3, 6, vocabulary}));
        cpu.context.tape().clear();
        test::expect_near_by_scale(cpu.logits(sources, targets), reference.logits(sources, targets), 5e-5);
        EXPECT_NEAR(cpu.loss(sources, targets, true), reference.loss(sources, targets, true), 2e-4);
    }
}

TEST(Translator, LaterTokensDoNotLeakAndEarlierOnesTakePart) {
    for (const std::string& type : decoder_types()) {
        for (const char* norm : {"pre", "post"}) {
            SCOPED_TRACE(type + " " + norm);
            TranslatorOptions options = small_options();
            options.norm = norm;
            TestTranslator translator(options, type);
            const std::vector<float> before = translator.logits(sources, targets);
            for (int64_t changed = 0; changed < 6; ++changed) {
                FormulaTexts other = targets;
                other.id(0, changed) = (other.id(0, changed) + 5) % static_cast<int32_t>(vocabulary);
                const std::vector<float> after = translator.logits(sources, other);
                EXPECT_EQ(of_text(before, 0, 0, changed), of_text(after, 0, 0, changed)) << changed;
                for (int64_t t = changed; t < 6; ++t) {
                    EXPECT_NE(of_text(before, 0, t, t + 1), of_text(after, 0, t, t + 1)) << changed << " in " << t;
                }
            }
            FormulaTexts other = sources;
            other.id(0, 7) = (other.id(0, 7) + 1) % 17;
            const std::vector<float> after = translator.logits(other, targets);
            for (int64_t t = 0; t < 6; ++t) EXPECT_NE(of_text(before, 0, t, t + 1), of_text(after, 0, t, t + 1));
        }
    }
}

TEST(Translator, APrefixGivesThePrefixOfTheLogits) {
    for (const std::string& type : decoder_types()) {
        SCOPED_TRACE(type);
        TestTranslator translator(small_options(), type);
        const std::vector<float> whole = translator.logits(sources, targets);
        for (int64_t length = 1; length < 6; ++length) {
            const std::vector<float> prefix = translator.logits(sources, targets.part(0, 3, length));
            for (int64_t text = 0; text < 2; ++text) {
                test::expect_near_by_scale(of_text(prefix, text, 0, length, length), of_text(whole, text, 0, length),
                                           2e-5);
            }
        }
    }
}

TEST(Translator, PaddingAndTheOtherPairsHaveNoInfluence) {
    for (const std::string& type : decoder_types()) {
        SCOPED_TRACE(type);
        TestTranslator translator(small_options(), type);
        const std::vector<float> before = translator.logits(sources, targets);
        FormulaTexts source = sources, target = targets;
        for (int64_t t = 3; t < 8; ++t) source.id(1, t) = static_cast<int32_t>(t);
        target.id(2, 5) = 3;
        for (int64_t t = 0; t < 8; ++t) source.id(0, t) = 1;
        const std::vector<float> after = translator.logits(source, target);
        EXPECT_EQ(of_text(before, 1, 0, 6), of_text(after, 1, 0, 6));
        EXPECT_EQ(of_text(before, 2, 0, 4), of_text(after, 2, 0, 4));
        EXPECT_NE(of_text(before, 0, 0, 6), of_text(after, 0, 0, 6));
        test::expect_near_by_scale(translator.logits(sources.part(1, 1, 3), targets.part(1, 1)),
                                   of_text(before, 1, 0, 6), 2e-5);
        test::expect_near_by_scale(of_text(translator.logits(sources.part(2, 1, 5), targets.part(2, 1, 4)), 0, 0, 4, 4),
                                   of_text(before, 2, 0, 4), 2e-5);
    }
}

TEST(Translator, AnEmptySourceGivesFiniteLogits) {
    for (const std::string& type : decoder_types()) {
        TestTranslator translator(small_options(), type);
        const FormulaTexts nothing({0, 2}, 2, geometry.source_vocabulary);
        for (const float logit : translator.logits(nothing, targets.part(0, 2))) ASSERT_TRUE(std::isfinite(logit));
        const FormulaTexts no_token({0}, 0, geometry.source_vocabulary);
        for (const float logit : translator.logits(no_token, targets.part(0, 1))) ASSERT_TRUE(std::isfinite(logit));
    }
}

TEST(Translator, DecodingStepByStepIsTheFullRun) {
    for (const std::string& type : decoder_types()) {
        for (const TranslatorOptions& options : all_forms()) {
            for (const char* device : {"cpu", "reference"}) {
                SCOPED_TRACE(type + " " + options.norm + " " + options.positions + " " + options.tie + " " + device);
                TestTranslator translator(options, type, device);
                FormulaTexts target = targets;
                target.lengths = {6, 6, 6};
                const std::vector<float> whole = translator.logits(sources, target);
                DecoderState state = translator.begin(sources);
                EXPECT_EQ(state.rows(), 3);
                for (int64_t t = 0; t < 6; ++t) {
                    const std::vector<float> logits =
                        translator.step(state, {target.id(0, t), target.id(1, t), target.id(2, t)});
                    for (int64_t text = 0; text < 3; ++text) {
                        test::expect_near_by_scale(of_text(logits, text, 0, 1, 1), of_text(whole, text, t, t + 1),
                                                   5e-5);
                    }
                }
                EXPECT_EQ(state.tokens(), 6);
            }
        }
    }
}

TEST(Translator, DecodingFollowsTheHypothesesOfABeam) {
    for (const std::string& type : decoder_types()) {
        SCOPED_TRACE(type);
        TestTranslator translator(small_options(), type);
        // What each row was given, and its source.
        std::vector<std::vector<int32_t>> tokens(3);
        std::vector<int32_t> source_of = {0, 1, 2};
        DecoderState state = translator.begin(sources);
        const auto step = [&](int32_t seed) {
            std::vector<int32_t> ids;
            for (size_t row = 0; row < tokens.size(); ++row) {
                ids.push_back((seed + 7 * static_cast<int32_t>(row)) % static_cast<int32_t>(vocabulary));
                tokens[row].push_back(ids.back());
            }
            const std::vector<float> logits = translator.step(state, ids);
            for (size_t row = 0; row < tokens.size(); ++row) {
                const auto length = static_cast<int64_t>(tokens[row].size());
                FormulaTexts target({static_cast<int32_t>(length)}, length, vocabulary);
                target.ids = tokens[row];
                const std::vector<float> whole = translator.logits(sources.part(source_of[row], 1), target);
                test::expect_near_by_scale(of_text(logits, static_cast<int64_t>(row), 0, 1, 1),
                                           of_text(whole, 0, length - 1, length, length), 5e-5);
            }
        };
        const auto reorder = [&](const std::vector<int32_t>& rows) {
            state.reorder(rows);
            const auto old_tokens = tokens;
            const auto old_sources = source_of;
            tokens.clear();
            source_of.clear();
            for (const int32_t row : rows) {
                tokens.push_back(old_tokens[row]);
                source_of.push_back(old_sources[row]);
            }
            EXPECT_EQ(state.rows(), static_cast<int64_t>(rows.size()));
        };
        step(2);
        reorder({0, 0, 1, 1, 2, 2});
        step(3);
        reorder({1, 1, 3, 2, 4, 4});
        step(5);
        reorder({5, 0, 1});  // one source has ended
        step(8);
        reorder({1, 2});
        step(11);
    }
}

TEST(Translator, PlacesMayHaveDifferentTypesOfAttention) {
    TestTranslator mixed(small_options(), {"smyrf", "super", "efficient"}, "cpu", geometry);
    std::set<std::string> names;
    for (Parameter* parameter : mixed.store->parameters()) {
        for (const ParameterPart& part : parameter->parts()) names.insert(part.name);
    }
    EXPECT_TRUE(names.count("encoder.layers.0.attention.value.weight"));
    EXPECT_TRUE(names.count("decoder.layers.1.self_attention.alignment.weight"));
    EXPECT_FALSE(names.count("decoder.layers.1.self_attention.key.weight"));
    EXPECT_FALSE(names.count("decoder.layers.1.cross_attention.key.weight"));
    const std::vector<float> whole = mixed.logits(sources, targets);
    DecoderState state = mixed.begin(sources);
    FormulaTexts target = targets;
    const std::vector<float> logits = mixed.step(state, {target.id(0, 0), target.id(1, 0), target.id(2, 0)});
    for (int64_t text = 0; text < 3; ++text) {
        test::expect_near_by_scale(of_text(logits, text, 0, 1, 1), of_text(whole, text, 0, 1), 5e-5);
    }
}

TEST(Translator, TiedEmbeddingsAreOneParameter) {
    const int64_t d = 12, mlp = 2 * d * 20 + 20 + d, attention = 4 * (d * d + d), norm = 2 * d;
    const int64_t blocks = 2 * norm + mlp + attention + norm + 2 * (3 * norm + mlp + 2 * attention) + norm;
    TranslatorOptions options = small_options();
    options.tie = "none";
    EXPECT_EQ(TestTranslator(options).model->parameter_count(), blocks + (17 + 19 + 19) * d + 19);
    options.tie = "target";
    EXPECT_EQ(TestTranslator(options).model->parameter_count(), blocks + (17 + 19) * d);
    options.logits_bias = true;
    EXPECT_EQ(TestTranslator(options).model->parameter_count(), blocks + (17 + 19) * d + 19);
    options.logits_bias = false;
    options.tie = "all";
    const std::string message = message_of<UserError>([&] { TestTranslator refused(options); });
    EXPECT_TRUE(contains(message, "17")) << message;
    EXPECT_TRUE(contains(message, "'target'")) << message;
    TranslationGeometry joint = geometry;
    joint.source_vocabulary = vocabulary;
    joint.joint_vocabulary = true;
    TestTranslator all(options, {"sdpa", "sdpa", "sdpa"}, "cpu", joint);
    EXPECT_EQ(all.model->parameter_count(), blocks + 19 * d);
    EXPECT_EQ(all.store->parameters().front()->parts().front().name.find("source_embedding"), std::string::npos);
}

TEST(Translator, TheGradientIsThatOfTheLoss) {
    TranslationGeometry joint = geometry;
    joint.source_vocabulary = vocabulary;
    joint.joint_vocabulary = true;
    for (const std::string tie : {"none", "target", "all"}) {
        for (const char* norm : {"pre", "post"}) {
            SCOPED_TRACE(tie + " " + norm);
            TranslatorOptions options = small_options();
            options.tie = tie;
            options.logits_bias = tie == "all";
            options.norm = norm;
            options.positions = "learned";
            options.activation = "gelu";
            TestTranslator translator(options, {"sdpa", "optimised", "super"}, "cpu", joint);
            translator.loss(sources, targets, true);
            std::vector<std::vector<float>> gradients;
            for (Parameter* parameter : translator.store->parameters()) {
                gradients.push_back(parameter->gradient_slot().gradient().to_vector());
            }
            for (size_t index = 0; index < gradients.size(); ++index) {
                Parameter* parameter = translator.store->parameters()[index];
                Tensor value = parameter->value();
                const std::vector<float> values = value.to_vector();
                for (size_t i = 1; i < values.size(); i += std::max<size_t>(1, values.size() / 3)) {
                    double losses[2];
                    for (const int side : {0, 1}) {
                        std::vector<float> moved = values;
                        moved[i] += side == 0 ? 1e-3f : -1e-3f;
                        value.copy_from_host(moved.data());
                        losses[side] = translator.loss(sources, targets, false);
                    }
                    value.copy_from_host(values.data());
                    const float gradient = gradients[index][i];
                    EXPECT_NEAR((losses[0] - losses[1]) / 2e-3, gradient, 2e-2 * (1 + std::abs(gradient)))
                        << parameter->parts().front().name << " " << i;
                }
            }
        }
    }
}

struct Weights final : ForwardObserver {
    std::vector<Tensor> of(AttentionPlace place) const {
        const auto found = weights.find(place);
        return found == weights.end() ? std::vector<Tensor>() : found->second;
    }
    void hidden(int64_t, const Tensor&) override {}
    bool wants_attention(AttentionPlace place) const override { return !only || place == *only; }
    void attention(AttentionPlace place, int64_t block, const Tensor& of_block) override {
        EXPECT_EQ(block, static_cast<int64_t>(weights[place].size()));
        weights[place].push_back(of_block);
    }
    std::optional<AttentionPlace> only;
    std::map<AttentionPlace, std::vector<Tensor>> weights;
};

TEST(Translator, ShowsItsAttentionInAllPlaces) {
    TestTranslator translator(small_options());
    Weights observer;
    ForwardState state;
    state.observer = &observer;
    translator.logits(sources, targets, state);
    const std::map<AttentionPlace, Shape> shapes = {{AttentionPlace::encoder, {3, 3, 8, 8}},
                                                    {AttentionPlace::decoder, {3, 3, 6, 6}},
                                                    {AttentionPlace::cross, {3, 3, 6, 8}}};
    for (const auto& [place, shape] : shapes) {
        const std::vector<Tensor> layers = observer.of(place);
        ASSERT_EQ(layers.size(), place == AttentionPlace::encoder ? 1U : 2U);
        for (const Tensor& weights : layers) {
            ASSERT_EQ(weights.shape(), shape);
            const std::vector<float> values = weights.to_vector();
            const auto keys = static_cast<size_t>(shape[3]);
            for (size_t row = 0; row < values.size() / keys; ++row) {
                double sum = 0;
                for (size_t key = 0; key < keys; ++key) sum += values[row * keys + key];
                ASSERT_NEAR(sum, 1, 1e-5);
                const auto query = row % static_cast<size_t>(shape[2]);
                if (place == AttentionPlace::decoder && query == 0) {
                    EXPECT_NEAR(values[row * keys], 1, 1e-5) << "the first token sees itself alone";
                }
            }
        }
    }
}

TEST(Translator, ComputesTheWeightsOfTheWantedPlaceAlone) {
    TestTranslator translator(small_options());
    Weights observer;
    observer.only = AttentionPlace::cross;
    ForwardState state;
    state.observer = &observer;
    translator.logits(sources, targets, state);
    EXPECT_EQ(observer.weights.size(), 1U);
    EXPECT_EQ(observer.of(AttentionPlace::cross).size(), 2U);
}

TEST(Translator, DropsInTrainingOnlyAndAlikeInMicroBatches) {
    ForwardState state{.training = true, .seed = 3, .step = 5};
    ForwardState second = state;
    second.first_sample = 2;
    for (double TranslatorOptions::*rate : {&TranslatorOptions::dropout, &TranslatorOptions::head_dropout}) {
        TranslatorOptions options = small_options();
        TestTranslator without(options);
        options.*rate = 0.5;
        TestTranslator with(options);
        EXPECT_EQ(with.logits(sources, targets), without.logits(sources, targets));
        const std::vector<float> dropped = with.logits(sources, targets, state);
        EXPECT_NE(dropped, without.logits(sources, targets));
        std::vector<float> halves = with.logits(sources.part(0, 2), targets.part(0, 2), state);
        const std::vector<float> rest = with.logits(sources.part(2, 1), targets.part(2, 1), second);
        halves.insert(halves.end(), rest.begin(), rest.end());
        test::expect_near_by_scale(halves, dropped, 5e-5);
    }
}

TEST(Translator, CountsItsMultiplications) {
    const int64_t d = 12, n = 4, m = 7, mlp = 2 * d * 20;
    const int64_t encoder = m * (4 * d * d + mlp) + 2 * m * m * d;
    const int64_t decoder = n * (4 * d * d + mlp) + 2 * n * n * d + 2 * (n + m) * d * d + 2 * n * m * d;
    EXPECT_EQ(TestTranslator(small_options()).model->multiplies(m, n), encoder + 2 * decoder + n * d * vocabulary);
}

TEST(Translator, RefusesWhatDoesNotFit) {
    TestTranslator translator(small_options());
    std::string message = message_of<UserError>(
        [&] { translator.logits(FormulaTexts({9}, 9, geometry.source_vocabulary), targets.part(0, 1)); });
    EXPECT_TRUE(contains(message, "at most 8 tokens, got 9")) << message;
    DecoderState state = translator.begin(sources.part(0, 1));
    EXPECT_THROW(translator.step(state, {1, 2}), Error);
    for (int64_t t = 0; t < 6; ++t) translator.step(state, {1});
    message = message_of<UserError>([&] { translator.step(state, {1}); });
    EXPECT_TRUE(contains(message, "at most 6 tokens, got 7")) << message;
    for (const AttentionType& type : attention_types()) {
        if (type.capabilities.causal_self) continue;
        message = message_of<UserError>([&] {
            TestTranslator refused(small_options(), {"sdpa", type.name, "sdpa"}, "cpu", geometry);
        });
        EXPECT_TRUE(contains(message, "causal self-attention; types that can: sdpa")) << message;
    }
    TranslatorOptions options = small_options();
    options.heads = 5;
    message = message_of<UserError>([&] { TestTranslator refused(options); });
    EXPECT_TRUE(contains(message, "model.heads")) << message;
}

}  // namespace
}  // namespace heed::translator_test
