#include "heed/layers/models/text_classifier.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/core/error.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/tests/layers/models/formula_texts.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"

namespace heed::text_classifier_test {
namespace {

using test::contains;
using test::FormulaTexts;
using test::message_of;

constexpr TextGeometry geometry{.vocabulary = 23, .max_tokens = 9, .classes = 3};

TextClassifierOptions small_options() {
    TextClassifierOptions options;
    options.dim = 12;
    options.depth = 2;
    options.heads = 3;
    options.mlp_dim = 20;
    options.dropout = 0;
    return options;
}

/// A classifier with parameters from formulas.
struct Classifier {
    Context context;
    std::unique_ptr<Options> attention;
    std::unique_ptr<TextClassifier> model;
    std::unique_ptr<ParameterStore> store;

    explicit Classifier(const TextClassifierOptions& options, const char* type = "sdpa", const char* device = "cpu")
        : context(device), attention(attention_type(type).make_options()) {
        model = make_text_classifier(options, {&attention_type(type), &dynamic_cast<AttentionOptions&>(*attention)},
                                     geometry);
        store = std::make_unique<ParameterStore>(context, *model, 1);
        test::set_formula_values(*store);
    }

    Variable forward(const FormulaTexts& texts, const ForwardState& state = {}) {
        return model->forward(texts.ids_on(context), texts.lengths_on(context), state);
    }
    std::vector<float> logits(const FormulaTexts& texts, const ForwardState& state = {}) {
        const NoGradient guard(context);
        return forward(texts, state).value().to_vector();
    }
    /// Loss of class 1 for every text, with gradients.
    double backward(const FormulaTexts& texts, const ForwardState& state = {}) {
        store->begin_step();
        const std::vector<int32_t> targets(texts.lengths.size(), 1);
        const CrossEntropyResult result = cross_entropy(
            forward(texts, state), Tensor::from_host(context, {texts.batch()}, std::span<const int32_t>(targets)), 0);
        context.tape().backward(result.loss);
        context.tape().clear();
        store->finish_gradients();
        return result.totals().loss;
    }
    std::vector<float> gradients() const {
        std::vector<float> all;
        for (Parameter* parameter : store->parameters()) {
            const std::vector<float> values = parameter->gradient_slot().gradient().to_vector();
            all.insert(all.end(), values.begin(), values.end());
        }
        return all;
    }
};

/// As BERT has it.
TextClassifierOptions bert_form() {
    TextClassifierOptions options = small_options();
    options.norm = "post";
    options.pool = "first";
    options.token_types = 2;
    options.embedding_norm = true;
    options.hidden = options.dim;
    options.hidden_activation = "tanh";
    return options;
}

std::vector<TextClassifierOptions> all_forms() {
    std::vector<TextClassifierOptions> forms;
    for (const char* norm : {"pre", "post"}) {
        for (const char* pool : {"class", "mean", "max"}) {
            for (const char* positions : {"learned", "sinusoidal", "none"}) {
                TextClassifierOptions options = small_options();
                options.norm = norm;
                options.pool = pool;
                options.positions = positions;
                options.hidden = forms.size() % 2 == 0 ? 5 : 0;
                options.scale_embedding = forms.size() % 3 == 0;
                forms.push_back(options);
            }
        }
    }
    forms.push_back(bert_form());
    return forms;
}

TEST(TextClassifier, EveryFormGivesLogitsOfAllClassesAlikeOnBothDevices) {
    const FormulaTexts texts({7, 3, 5}, 7, geometry.vocabulary);
    for (const TextClassifierOptions& options : all_forms()) {
        SCOPED_TRACE(options.norm + " " + options.pool + " " + options.positions);
        Classifier cpu(options), reference(options, "sdpa", "reference");
        EXPECT_EQ(cpu.forward(texts).shape(), (Shape{3, 3}));
        cpu.context.tape().clear();
        test::expect_near_by_scale(cpu.logits(texts), reference.logits(texts), 2e-5);
        EXPECT_NEAR(cpu.backward(texts), reference.backward(texts), 1e-5);
        test::expect_near_by_scale(cpu.gradients(), reference.gradients(), 1e-4);
    }
}

TEST(TextClassifier, PaddingAndTheOtherTextsHaveNoInfluence) {
    for (const AttentionType& type : attention_types()) {
        for (const TextClassifierOptions& options : all_forms()) {
            SCOPED_TRACE(std::string(type.name) + " " + options.norm + " " + options.pool + " " + options.positions);
            Classifier classifier(options, type.name);
            FormulaTexts texts({7, 3, 0}, 7, geometry.vocabulary);
            const std::vector<float> before = classifier.logits(texts);
            for (int64_t t = 3; t < 7; ++t) texts.id(1, t) = static_cast<int32_t>(t);
            EXPECT_EQ(classifier.logits(texts), before);
            test::expect_near_by_scale(classifier.logits(texts.part(0, 3, 9)), before, 1e-5);
            test::expect_near_by_scale(classifier.logits(texts.part(1, 1, 3)), {before[3], before[4], before[5]}, 1e-5);
            for (int64_t t = 0; t < 7; ++t) texts.id(0, t) = 4;
            const std::vector<float> after = classifier.logits(texts);
            EXPECT_TRUE(std::equal(before.begin() + 3, before.end(), after.begin() + 3));
            // A class token sees the text through attention alone.
            EXPECT_EQ(before[0] != after[0], type.capabilities.mixes || options.pool != "class");
        }
    }
}

TEST(TextClassifier, AnEmptyTextGivesFiniteLogits) {
    for (const AttentionType& type : attention_types()) {
        for (const TextClassifierOptions& options : all_forms()) {
            SCOPED_TRACE(std::string(type.name) + " " + options.norm + " " + options.pool + " " + options.positions);
            Classifier classifier(options, type.name);
            const std::vector<float> padded = classifier.logits(FormulaTexts({0, 4}, 4, geometry.vocabulary));
            for (const float logit : padded) ASSERT_TRUE(std::isfinite(logit));
            const FormulaTexts nothing({0, 0}, 0, geometry.vocabulary);
            if (options.pool == "first") {
                EXPECT_THROW(classifier.logits(nothing), Error) << "there is no first token";
                continue;
            }
            test::expect_near_by_scale(classifier.logits(nothing),
                                       {padded[0], padded[1], padded[2], padded[0], padded[1], padded[2]}, 1e-5);
            EXPECT_TRUE(std::isfinite(classifier.backward(nothing)));
            for (const float gradient : classifier.gradients()) ASSERT_TRUE(std::isfinite(gradient));
        }
    }
}

TEST(TextClassifier, TheGradientIsThatOfTheLoss) {
    for (const TextClassifierOptions& options : all_forms()) {
        if (options.pool == "max") continue;  // has corners
        SCOPED_TRACE(options.norm + " " + options.pool + " " + options.positions);
        Classifier classifier(options);
        const FormulaTexts texts({7, 3, 5}, 7, geometry.vocabulary);
        classifier.backward(texts);
        for (Parameter* parameter : classifier.store->parameters()) {
            const std::string& name = parameter->parts().front().name;
            const std::vector<float> gradient = parameter->gradient_slot().gradient().to_vector();
            if (name == "input.positions.weight") {
                // Places behind the longest text.
                for (size_t i = gradient.size() - 2 * 12; i < gradient.size(); ++i) ASSERT_EQ(gradient[i], 0.0f);
            }
            Tensor value = parameter->value();
            const std::vector<float> values = value.to_vector();
            for (size_t i = 1; i < values.size(); i += std::max<size_t>(1, values.size() / 3)) {
                double losses[2];
                for (const int side : {0, 1}) {
                    std::vector<float> moved = values;
                    moved[i] += side == 0 ? 1e-3f : -1e-3f;
                    value.copy_from_host(moved.data());
                    const NoGradient guard(classifier.context);
                    const std::vector<int32_t> targets(3, 1);
                    losses[side] =
                        cross_entropy(classifier.forward(texts),
                                      Tensor::from_host(classifier.context, {3}, std::span<const int32_t>(targets)), 0)
                            .totals()
                            .loss;
                }
                value.copy_from_host(values.data());
                EXPECT_NEAR((losses[0] - losses[1]) / 2e-3, gradient[i], 5e-3 * (1 + std::abs(gradient[i])))
                    << name << " " << i;
            }
        }
    }
}

TEST(TextClassifier, HasTheParametersOfItsParts) {
    TextClassifierOptions options = small_options();
    const int64_t d = 12, table = 23 * d, norms = 2 * 2 * d, mlp = 2 * d * 20 + 20 + d, attention = 4 * (d * d + d);
    const int64_t blocks = 2 * (norms + mlp + attention), head = 3 * d + 3;
    EXPECT_EQ(Classifier(options).model->parameter_count(), table + 9 * d + blocks + 2 * d + head);
    options.norm = "post";
    options.positions = "sinusoidal";
    EXPECT_EQ(Classifier(options).model->parameter_count(), table + blocks + head);
    options.pool = "class";
    EXPECT_EQ(Classifier(options).model->parameter_count(), table + d + blocks + head);
    options.positions = "learned";
    EXPECT_EQ(Classifier(options).model->parameter_count(), table + d + 10 * d + blocks + head);
    options.hidden = 5;
    EXPECT_EQ(Classifier(options).model->parameter_count(), table + d + 10 * d + blocks + 5 * d + 5 + 3 * 5 + 3);
    EXPECT_EQ(Classifier(options, "super").model->parameter_count(),
              table + d + 10 * d + 2 * (norms + mlp + 2 * (d * d + d) + 10 * 10) + 5 * d + 5 + 3 * 5 + 3);
}

TEST(TextClassifier, TokenTypesAndEmbeddingNormAreThoseOfTheFormula) {
    TextClassifierOptions options = small_options();
    options.depth = 0;  // with post-norm the encoder is then the identity
    options.norm = "post";
    options.token_types = 2;
    options.embedding_norm = true;
    options.norm_epsilon = 0.5;
    Classifier classifier(options);
    const auto values = [&](const std::string& name) {
        for (Parameter* parameter : classifier.store->parameters()) {
            if (parameter->parts().front().name == name) return parameter->value().to_vector();
        }
        ADD_FAILURE() << "there is no " << name;
        return std::vector<float>();
    };
    const std::vector<float> word = values("embedding.weight"), place = values("input.positions.weight"),
                             type = values("input.token_types.weight"), gain = values("input.norm.weight"),
                             bias = values("input.norm.bias");
    ASSERT_EQ(type.size(), 2u * 12);
    const FormulaTexts texts({2, 1}, 3, geometry.vocabulary);
    std::vector<float> expected;
    for (size_t text = 0; text < 2; ++text) {
        std::vector<double> mean(12);
        const auto length = static_cast<size_t>(texts.lengths[text]);
        for (size_t t = 0; t < length; ++t) {
            const size_t id = static_cast<size_t>(texts.ids[text * 3 + t]) * 12;
            double sum = 0, squares = 0;
            std::vector<double> x(12);
            for (size_t j = 0; j < 12; ++j) {
                x[j] = static_cast<double>(word[id + j]) + place[t * 12 + j] + type[j];
                sum += x[j];
                squares += x[j] * x[j];
            }
            const double deviation = std::sqrt(squares / 12 - sum * sum / 144 + 0.5);
            for (size_t j = 0; j < 12; ++j) {
                mean[j] += ((x[j] - sum / 12) / deviation * gain[j] + bias[j]) / static_cast<double>(length);
            }
        }
        expected.insert(expected.end(), mean.begin(), mean.end());
    }
    const NoGradient guard(classifier.context);
    const Variable features =
        classifier.model->features(texts.ids_on(classifier.context), texts.lengths_on(classifier.context), {});
    test::expect_near_by_scale(features.value().to_vector(), expected, 1e-5);
}

TEST(TextClassifier, WithoutClassesItHasFeaturesAndNoHead) {
    Context context("cpu");
    const AttentionOptions attention;
    const auto model = make_text_classifier(bert_form(), {&attention_type("sdpa"), &attention}, {23, 9, 0});
    const ParameterStore store(context, *model, 1);
    for (Parameter* parameter : store.parameters()) {
        EXPECT_FALSE(parameter->parts().front().name.starts_with("head")) << parameter->parts().front().name;
    }
    const FormulaTexts texts({2, 5}, 5, 23);
    const NoGradient guard(context);
    EXPECT_EQ(model->features(texts.ids_on(context), texts.lengths_on(context), {}).shape(), (Shape{2, 12}));
    EXPECT_THROW(model->forward(texts.ids_on(context), texts.lengths_on(context), {}), Error);
}

TEST(TextClassifier, CountsItsMultiplications) {
    TextClassifierOptions options = small_options();
    const int64_t d = 12, n = 5, block = 4 * n * d * d + 2 * n * n * d + 2 * n * d * 20;
    EXPECT_EQ(Classifier(options).model->multiplies(n), 2 * block + 3 * d);
    options.pool = "class";
    options.hidden = 7;
    const int64_t m = 6, longer = 4 * m * d * d + 2 * m * m * d + 2 * m * d * 20;
    EXPECT_EQ(Classifier(options).model->multiplies(n), 2 * longer + 7 * d + 3 * 7);
    EXPECT_TRUE(Classifier(options).model->shape().class_token);
    EXPECT_EQ(Classifier(options).model->shape().attended(5), 6);
}

TEST(TextClassifier, DropsInTrainingOnlyAndAlikeInMicroBatches) {
    const FormulaTexts texts({7, 3, 5, 7}, 7, geometry.vocabulary);
    ForwardState state{.training = true, .seed = 3, .step = 5};
    ForwardState second = state;
    second.first_sample = 2;
    for (double TextClassifierOptions::*rate :
         {&TextClassifierOptions::dropout, &TextClassifierOptions::token_dropout,
          &TextClassifierOptions::embedding_dropout, &TextClassifierOptions::head_dropout,
          &TextClassifierOptions::drop_path}) {
        TextClassifierOptions options = small_options();
        options.hidden = 6;
        Classifier without(options);
        options.*rate = 0.5;
        Classifier with(options);
        const std::vector<float> plain = without.logits(texts), dropped = with.logits(texts, state);
        EXPECT_EQ(with.logits(texts), plain);
        EXPECT_NE(dropped, plain);
        EXPECT_EQ(dropped, with.logits(texts, state));
        std::vector<float> halves = with.logits(texts.part(0, 2), state);
        const std::vector<float> rest = with.logits(texts.part(2, 2), second);
        halves.insert(halves.end(), rest.begin(), rest.end());
        test::expect_near_by_scale(halves, dropped, 1e-5);
    }
}

TEST(TextClassifier, RefusesWhatDoesNotFit) {
    Classifier classifier(small_options());
    std::string message =
        message_of<UserError>([&] { classifier.logits(FormulaTexts({10}, 10, geometry.vocabulary)); });
    EXPECT_TRUE(contains(message, "at most 9 tokens, got 10")) << message;
    FormulaTexts texts({2}, 3, geometry.vocabulary);
    texts.lengths = {4};
    EXPECT_THROW(classifier.logits(texts), Error);
    texts.lengths = {-1};
    EXPECT_THROW(classifier.logits(texts), Error);
    texts.lengths = {2};
    texts.id(0, 1) = 23;
    EXPECT_THROW(classifier.logits(texts), Error);
    TextClassifierOptions options = small_options();
    options.heads = 5;
    message = message_of<UserError>([&] { Classifier other(options); });
    EXPECT_TRUE(contains(message, "model.heads")) << message;
    const AttentionOptions attention;
    EXPECT_THROW(make_text_classifier(small_options(), {&attention_type("sdpa"), &attention}, {23, 0, 3}), UserError);
}

}  // namespace
}  // namespace heed::text_classifier_test
