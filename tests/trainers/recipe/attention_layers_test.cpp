#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/translations/translation_model.h"

namespace heed::test::attention_layers_test {
namespace {

Recipe images(const std::string& attention, const std::vector<std::string>& overrides = {}) {
    return parse_recipe(recipe_spec(), "model: {type: vit}\ndata: {name: mnist}\n" + attention, "r.yaml", overrides);
}

Recipe translations(const std::string& attention) {
    return parse_recipe(recipe_spec(), "model: {type: translator}\ndata: {name: en_es}\n" + attention, "r.yaml", {});
}

/// The types of layers 0 to 5.
std::string types_of(const StackAttention& attention) {
    std::string text;
    for (int64_t layer = 0; layer < 6; ++layer)
        text += (layer ? " " : "") + std::string(attention.of(layer).type->name);
    return text;
}

TEST(AttentionLayers, LayersHaveTypesAndSettingsOfTheirOwn) {
    const Recipe recipe =
        images("attention: {type: super, bias: false, layers: {0-1: sdpa, 4: {type: smyrf, cluster: 16}}}\n");
    const StackAttention attention = stack_attention(recipe);
    EXPECT_EQ(types_of(attention), "sdpa sdpa super super smyrf super");
    EXPECT_EQ(recipe.number("attention.layers.4", "cluster"), 16);
    EXPECT_FALSE(attention.of(2).options->bias);
    EXPECT_TRUE(attention.of(0).options->bias) << "settings have their own defaults";
    EXPECT_EQ(attention_text(recipe), "super (sdpa in layers 0-1, smyrf in layer 4)");
    EXPECT_EQ(attention_types_of(recipe).size(), 3u);
}

TEST(AttentionLayers, TheCommandLineSaysTheSame) {
    const Recipe recipe =
        images("", {"attention.layers.0-1=efficient", "attention.layers.4.type=smyrf", "attention.layers.4.rounds=3"});
    EXPECT_EQ(types_of(stack_attention(recipe)), "efficient efficient sdpa sdpa smyrf sdpa");
    EXPECT_EQ(recipe.number("attention.layers.4", "rounds"), 3);
    const Recipe nearer = images("attention: {layers: {2: smyrf}}\n", {"attention.layers.2=super"});
    EXPECT_EQ(types_of(stack_attention(nearer)), "sdpa sdpa super sdpa sdpa sdpa");
}

TEST(AttentionLayers, AResolvedRecipeReadsBack) {
    const Recipe recipe = images("attention: {layers: {10: super, 2-3: {type: smyrf, cluster: 8}}}\n");
    const Recipe back = parse_recipe(recipe_spec(), recipe.resolved_yaml(), "again", {});
    EXPECT_EQ(back.resolved_yaml(), recipe.resolved_yaml());
    EXPECT_EQ(types_of(stack_attention(back)), "sdpa sdpa smyrf smyrf sdpa sdpa");
    EXPECT_STREQ(stack_attention(back).of(10).type->name, "super");
}

TEST(AttentionLayers, LayersOfAPlaceComeFirst) {
    const Recipe recipe = translations(
        "attention:\n  layers: {0: super, 1: smyrf}\n  encoder: {layers: {1: efficient}}\n  cross: {type: "
        "optimised}\n");
    EXPECT_EQ(types_of(stack_attention(recipe, "encoder")), "super efficient sdpa sdpa sdpa sdpa");
    EXPECT_EQ(types_of(stack_attention(recipe, "decoder")), "super smyrf sdpa sdpa sdpa sdpa");
    EXPECT_EQ(types_of(stack_attention(recipe, "cross")),
              "optimised optimised optimised optimised optimised optimised");
    EXPECT_EQ(attention_text(recipe),
              "sdpa (encoder, efficient in layer 1, super in layer 0, smyrf in layer 1), "
              "sdpa (decoder, super in layer 0, smyrf in layer 1), optimised (cross)");
}

TEST(AttentionLayers, RefusesWhatNamesNoLayers) {
    struct Case {
        const char* attention;
        const char* part;
    };
    for (const Case& each : std::vector<Case>{
             {"attention: {layers: super}", "attention.layers expects layers with their settings, such as"},
             {"attention: {layers: {first: super}}", "got \"attention.layers.first\""},
             {"attention: {layers: {3-2: super}}", "got \"attention.layers.3-2\""},
             {"attention: {layers: {-1: super}}", "got \"attention.layers.-1\""},
             {"attention: {layers: {0-: super}}", "got \"attention.layers.0-\""},
             {"attention: {layers: {99999999999999999999: super}}", "attention.layers expects layers"},
             {"attention: {layers: {0-2: super, 2: sdpa}}", "has layers that attention.layers.0-2 has"},
             {"attention: {layers: {1: supr}}", "(did you mean super?)"},
             {"attention: {layers: {1: {bias: false}}}", "attention.layers.1.type is missing"},
             {"attention: {layers: {1: {type: sdpa, cluster: 8}}}", "attention.layers.1.type smyrf, not to sdpa"},
             {"attention: {layers: {1: same}}", "attention.layers.1 expects sdpa"},
             {"attention: {encoder: {layers: {1: super}}}", "is for translations"},
             {"attention: {layer: {1: super}}", "(did you mean attention.layers?)"},
             {"train: {layers: {1: super}}", "is not a known key"},
         }) {
        const std::string error = message_of<UserError>([&] { images(each.attention); });
        EXPECT_TRUE(contains(error, each.part)) << each.attention << ": " << error;
        EXPECT_TRUE(contains(error, "r.yaml")) << error;
    }
}

std::string refused_model(const std::string& attention) {
    return message_of<UserError>([&] {
        make_translation_model(
            translations(attention),
            {.source_vocabulary = 9, .target_vocabulary = 9, .max_source_tokens = 8, .max_target_tokens = 8});
    });
}

TEST(AttentionLayers, APatternThatATypeCannotDoIsRefusedWithTheKeyThatSaysSo) {
    EXPECT_TRUE(begins_with(refused_model("attention:\n  type: local\n"),
                            "r.yaml:4: attention.type, which holds for attention.cross as well: attention type 'local' "
                            "cannot do causal cross-attention; types that can: sdpa, "));
    EXPECT_TRUE(begins_with(refused_model("attention:\n  cross: {type: s4d}\n"),
                            "r.yaml:4: attention.cross.type: attention type 's4d' cannot do causal cross-attention"));
    EXPECT_TRUE(begins_with(refused_model("attention:\n  decoder: {layers: {1: lara}}\n"),
                            "r.yaml:4: attention.decoder.layers.1.type: attention type 'lara' cannot do causal self-"));
}

TEST(AttentionLayers, NamesTheLayersThatThereAre) {
    StackAttention attention = stack_attention(images("attention: {layers: {2-4: super}}\n"));
    EXPECT_NO_THROW(attention.check_depth(5, "encoder"));
    EXPECT_EQ(message_of<UserError>([&] { attention.check_depth(4, "encoder"); }),
              "expected layers of the encoder, 0 to 3, got attention.layers.2-4.type");
}

TEST(AttentionLayers, ARecipeTakesOverTheAttentionOfAnother) {
    Recipe recipe = images("attention: {type: smyrf, layers: {0-1: sdpa, 5: efficient}}\n");
    recipe.take_sections("attention",
                         translations("attention: {type: super, layers: {4: {type: smyrf, cluster: 16}}}\n"));
    EXPECT_EQ(types_of(stack_attention(recipe)), "super super super super smyrf super");
    EXPECT_EQ(recipe.section("data").choice(), "mnist");
    Recipe plain = images("attention: {type: efficient}\n");
    plain.take_sections("attention", images("attention: {layers: {2: {type: smyrf, cluster: 16}}}\n"));
    const Recipe back = parse_recipe(recipe_spec(), plain.resolved_yaml(), "again", {});
    EXPECT_EQ(attention_text(back), "sdpa (smyrf in layer 2)");
    EXPECT_EQ(back.number("attention.layers.2", "cluster"), 16);
}

}  // namespace
}  // namespace heed::test::attention_layers_test
