// Activation checkpointing must not be seen in anything but memory and time.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "heed/core/forward_observer.h"
#include "heed/layers/models/text_classifier.h"
#include "heed/tests/layers/models/formula_texts.h"
#include "heed/tests/layers/models/model_step.h"

namespace heed::checkpoint_test {
namespace {

using test::FormulaTexts;
using test::ModelSettings;
using test::ModelStep;

/// Counts what it is shown.
struct Count final : ForwardObserver {
    void hidden(int64_t, const Tensor&) override { ++hiddens; }
    bool wants_attention(AttentionPlace) const override { return true; }
    void attention(AttentionPlace, int64_t, const Tensor&) override { ++attentions; }
    int hiddens = 0, attentions = 0;
};

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

ModelStep vit_step(const Case& of, bool checkpoint, ForwardObserver* observer = nullptr, const std::string& frozen = "",
                   int64_t depth = 3) {
    Context context(of.device);
    return test::vit_step(context, {.type = of.type,
                                    .norm = of.norm,
                                    .checkpoint = checkpoint,
                                    .observer = observer,
                                    .frozen = frozen,
                                    .depth = depth});
}

ModelStep translator_step(const Case& of, bool checkpoint, ForwardObserver* observer = nullptr) {
    Context context(of.device);
    return test::translator_step(context,
                                 {.type = of.type, .norm = of.norm, .checkpoint = checkpoint, .observer = observer});
}

TEST_P(CheckpointedEncoder, OfImagesGivesTheSameBits) {
    const ModelStep plain = vit_step(GetParam(), false);
    EXPECT_FALSE(plain.gradients.empty());
    EXPECT_EQ(vit_step(GetParam(), true), plain);
}

TEST_P(CheckpointedEncoder, OfTextsGivesTheSameBits) {
    const auto step = [&](bool checkpoint) {
        Context context(GetParam().device);
        const ModelSettings settings{.norm = GetParam().norm, .checkpoint = checkpoint};
        TextClassifierOptions options;
        test::set_model_options(options, settings);
        options.depth = 3;
        options.drop_path = 0.3;
        const AttentionType& type = attention_type(GetParam().type);
        const auto attention = test::short_attention_options(type);
        const auto model =
            make_text_classifier(options, {&type, &dynamic_cast<const AttentionOptions&>(*attention)}, {23, 9, 3});
        const FormulaTexts texts({7, 3, 0, 5}, 7, 23);
        return test::model_step(context, *model, settings, [&](const ForwardState& state) {
            return model->forward(texts.ids_on(context), texts.lengths_on(context), state);
        });
    };
    EXPECT_EQ(step(true), step(false));
}

TEST_P(CheckpointedTranslator, GivesTheSameBits) {
    const ModelStep plain = translator_step(GetParam(), false);
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
    const auto growth = [](bool checkpoint, size_t ModelStep::*bytes) {
        const Case of{"sdpa", "cpu", "pre"};
        return static_cast<double>(vit_step(of, checkpoint, nullptr, "", 22).*bytes) -
               static_cast<double>(vit_step(of, checkpoint, nullptr, "", 2).*bytes);
    };
    EXPECT_LT(growth(true, &ModelStep::kept_bytes), 0.5 * growth(false, &ModelStep::kept_bytes));
    EXPECT_LT(growth(true, &ModelStep::peak_bytes), 0.5 * growth(false, &ModelStep::peak_bytes));
}

}  // namespace
}  // namespace heed::checkpoint_test
