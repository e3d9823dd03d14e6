// ctest: cuda
#include "heed/layers/layer_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/core/device/context.h"
#include "heed/core/module/parameter_store.h"
#include "heed/layers/models/text_classifier.h"
#include "heed/layers/models/translator.h"
#include "heed/layers/models/vit.h"
#include "heed/tests/layers/models/formula_texts.h"
#include "heed/tests/support/devices.h"

namespace heed::layer_norm_test {
namespace {

TEST(LayerNorm, AddsItsEpsilonToTheVariance) {
    for (const double epsilon : {1e-12, LayerNorm::default_epsilon, 0.5}) {
        for (const char* device : test::computing_devices()) {
            Context context(device);
            LayerNorm norm(5, epsilon);
            const ParameterStore store(context, norm, 1);
            const std::vector<float> values = test::numbers(15, 3);
            const Variable x(Tensor::from_host(context, {3, 5}, values));
            const std::vector<float> alone = norm.forward(x).value().to_vector();
            const std::vector<float> fused = norm.forward(x, x, {}).normed.value().to_vector();
            for (size_t row = 0; row < 3; ++row) {
                double mean = 0, variance = 0;
                for (size_t i = 0; i < 5; ++i) mean += values[5 * row + i] / 5.0;
                for (size_t i = 0; i < 5; ++i) variance += std::pow(values[5 * row + i] - mean, 2) / 5;
                for (size_t i = 0; i < 5; ++i) {
                    const double distance = values[5 * row + i] - mean;
                    EXPECT_NEAR(alone[5 * row + i], distance / std::sqrt(variance + epsilon), 1e-5);
                    EXPECT_NEAR(fused[5 * row + i], 2 * distance / std::sqrt(4 * variance + epsilon), 1e-5);
                }
            }
        }
    }
}

/// Every model hands its own on to encoder and decoder.
TEST(LayerNorm, HasTheEpsilonOfTheModel) {
    const AttentionOptions attention;
    const AttentionChoice choice{&attention_type("sdpa"), &attention};
    const test::FormulaTexts texts({5, 3}, 5, 11);
    const auto logits = [&](const char* norm, double epsilon) {
        std::vector<float> all;
        const auto add = [&](const Variable& values) {
            for (const float value : values.value().to_vector()) all.push_back(value);
        };
        Context context;
        const NoGradient guard(context);
        VitOptions vit;
        vit.norm = norm;
        vit.norm_epsilon = epsilon;
        const auto of_images = make_vit(vit, choice, {1, 8, 8, 3});
        const ParameterStore images_store(context, *of_images, 1);
        add(of_images->forward(Tensor::from_host(context, {1, 1, 8, 8}, test::numbers(64, 3)), {}));
        TextClassifierOptions text;
        text.norm = norm;
        text.norm_epsilon = epsilon;
        const auto of_texts = make_text_classifier(text, choice, {11, 5, 3});
        const ParameterStore texts_store(context, *of_texts, 1);
        add(of_texts->forward(texts.ids_on(context), texts.lengths_on(context), {}));
        TranslatorOptions translator;
        translator.dim = 64;
        translator.norm = norm;
        translator.norm_epsilon = epsilon;
        const auto of_pairs = make_translator(translator, {choice, choice, choice}, {11, 11, 5, 5, false});
        const ParameterStore pairs_store(context, *of_pairs, 1);
        const Variable encoded = of_pairs->encode(texts.ids_on(context), texts.lengths_on(context), {});
        add(encoded);
        add(of_pairs->decode(texts.ids_on(context), texts.lengths_on(context), encoded, texts.lengths_on(context), {}));
        return all;
    };
    for (const char* norm : {"pre", "post"}) {
        const std::vector<float> plain = logits(norm, LayerNorm::default_epsilon), flat = logits(norm, 1.0);
        ASSERT_EQ(plain.size(), flat.size());
        size_t equal = 0;
        for (size_t i = 0; i < plain.size(); ++i) equal += plain[i] == flat[i] ? 1 : 0;
        EXPECT_LT(equal, plain.size() / 100) << norm;
    }
}

}  // namespace
}  // namespace heed::layer_norm_test
