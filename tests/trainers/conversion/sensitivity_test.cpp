#include "heed/trainers/conversion/sensitivity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "heed/tests/support/message_of.h"
#include "heed/trainers/conversion/layer_settings.h"
#include "heed/trainers/recipe/recipe_spec.h"

namespace heed::test::sensitivity_test {
namespace {

using Strings = std::vector<std::string>;

std::vector<SwapTrial> trials_of(const std::vector<double>& divergences, const std::vector<int64_t>& saved,
                                 int64_t before) {
    std::vector<SwapTrial> trials;
    for (size_t i = 0; i < divergences.size(); ++i) {
        SwapTrial trial;
        trial.layers = {std::to_string(i)};
        trial.divergence = divergences[i];
        trial.multiplies = before - saved[i];
        trials.push_back(trial);
    }
    return trials;
}

TEST(LayersForBudget, IsTheBestSetOfAllWhereLayersSaveAlike) {
    const std::vector<double> divergences = {0.3, 0.05, 0.4, 0.01, 0.2};
    SwapTrial before;
    before.multiplies = 1000;
    const std::vector<SwapTrial> trials = trials_of(divergences, {100, 100, 100, 100, 100}, 1000);
    for (const double budget : {0.95, 0.9, 0.8, 0.75, 0.6, 0.5}) {
        double least = INFINITY;
        for (unsigned set = 0; set < 32; ++set) {
            double damage = 0, cost = 1000;
            for (unsigned i = 0; i < 5; ++i) {
                if (((set >> i) & 1U) == 0) continue;
                damage += divergences[i];
                cost -= 100;
            }
            if (cost <= budget * 1000) least = std::min(least, damage);
        }
        const auto layers = layers_for_budget(before, trials, budget);
        ASSERT_TRUE(layers.has_value());
        double damage = 0;
        for (const std::string& layer : *layers) damage += divergences[std::stoul(layer)];
        EXPECT_NEAR(damage, least, 1e-12) << budget;
    }
    EXPECT_FALSE(layers_for_budget(before, trials, 0.4).has_value());
}

TEST(LayersForBudget, PrefersWhatSavesMoreForTheSameDamageAndLeavesOutWhatSavesNothing) {
    SwapTrial before;
    before.multiplies = 1000;
    const auto layers = layers_for_budget(before, trials_of({0.1, 0.1, 0.0}, {100, 300, -50}, 1000), 0.7);
    ASSERT_TRUE(layers.has_value());
    EXPECT_EQ(*layers, Strings{"1"});
}

TEST(SettingsForLayers, AreThoseOfTheModelForEachLayerAlone) {
    const Recipe images = parse_recipe(recipe_spec(), "model: {type: vit}\ndata: {name: mnist}\n", "x.yaml", {});
    EXPECT_EQ(settings_for_layers({"threads=1", "attention.type=smyrf", "attention.cluster=8"}, images,
                                  {"encoder.layers.3.attention"}),
              (Strings{"threads=1", "attention.layers.3.type=smyrf", "attention.layers.3.cluster=8"}));
    const Recipe pairs = parse_recipe(recipe_spec(), "model: {type: translator}\ndata: {name: en_es}\n", "x.yaml", {});
    EXPECT_EQ(settings_for_layers({"attention.type=efficient", "attention.cross.type=super"}, pairs,
                                  {"encoder.layers.0.attention", "decoder.layers.1.cross_attention"}),
              (Strings{"attention.encoder.layers.0.type=efficient", "attention.cross.layers.1.type=super"}));
    EXPECT_TRUE(contains(message_of<UserError>([&] { settings_for_layers({"attention.layers.0=super"}, images, {}); }),
                         "chosen by --sensitivity itself"));
}

}  // namespace
}  // namespace heed::test::sensitivity_test
