#include "heed/trainers/run/checks/resume_check.h"

#include <gtest/gtest.h>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/trainers/recipe/recipe_spec.h"

namespace heed::resume_check_test {
namespace {

using test::contains;
using test::message_of;

Recipe recipe_with(const std::vector<std::string>& overrides) {
    return parse_recipe(recipe_spec(),
                        "model: {type: vit, dim: 8, depth: 1, heads: 2, patch: 4}\n"
                        "data: {name: idx, root: here}\n"
                        "run: {dir: somewhere}\n",
                        "test.yaml", overrides);
}

std::string refusal(const std::vector<std::string>& now, const std::vector<std::string>& before = {},
                    const std::vector<std::string>& changes = {}) {
    return message_of<UserError>([&] { check_resumable(recipe_with(now), recipe_with(before), "runs/1", changes); });
}

constexpr const char* none = "(nothing thrown)";

TEST(ResumeCheck, WhatMayChange) {
    EXPECT_EQ(refusal({}), none);
    for (const char* change :
         {"train.epochs=99", "train.steps=7", "train.eval_every=3", "train.checkpoint_every=50", "train.watch_every=5",
          "threads=2", "data.root=elsewhere", "run.dir=other", "run.name=x", "init=weights.safetensors"}) {
        EXPECT_EQ(refusal({change}), none) << change;
    }
}

TEST(ResumeCheck, WhatMayNotChange) {
    for (const char* change : {"model.dim=16", "model.dropout=0.3", "attention.bias=false", "attention.type=optimised",
                               "data.batch=3", "data.validation=0.2", "data.split_seed=4", "data.mean=0.1",
                               "train.seed=2", "train.shuffle=false", "train.accumulate=2", "train.clip=3",
                               "train.label_smoothing=0.2", "optimizer.lr=0.1", "optimizer.schedule=linear",
                               "optimizer.warmup=3", "optimizer.type=sgd", "device=reference", "precision=bf16"}) {
        const std::string key = std::string(change).substr(0, std::string(change).find('='));
        EXPECT_TRUE(contains(refusal({change}), "; give the old values, "));
        EXPECT_TRUE(contains(refusal({change}), "or start a new run without --resume"));
        EXPECT_TRUE(contains(refusal({change}), key + " was "));
        EXPECT_EQ(contains(refusal({change}), std::string("change the run by --change ") + change),
                  may_be_changed(key));
    }
}

TEST(ResumeCheck, NamesOldAndNewValuesWithTheirSource) {
    EXPECT_EQ(
        refusal({"model.dim=16", "train.epochs=3", "train.seed=5"}, {"train.seed=4"}),
        "the run in runs/1 was started with other settings: model.dim was 8, is now 16 (command line); train.seed "
        "was 4, is now 5 (command line); give the old values, or start a new run without --resume");
}

TEST(ResumeCheck, SettingsOfAnotherTypeAreNamedInBothDirections) {
    const std::string error = refusal({"optimizer.type=sgd"}, {"optimizer.type=adamw"});
    EXPECT_TRUE(contains(error, "optimizer.type was adamw, is now sgd"));
    EXPECT_TRUE(contains(error, "optimizer.momentum was absent"));
}

TEST(ResumeCheck, ExplicitChangesAreTaken) {
    const std::vector<std::string> now = {"optimizer.lr=0.5", "train.clip=2", "train.epochs=3"};
    const std::vector<SettingChange> made = check_resumable(recipe_with(now), recipe_with({"train.epochs=1"}), "runs/1",
                                                            {"optimizer.lr=0.5", "train.clip=2"});
    ASSERT_EQ(made.size(), 2u);
    EXPECT_EQ(made[0].key, "train.clip");
    EXPECT_EQ(made[1].key, "optimizer.lr");
    EXPECT_EQ(made[1].from, "0.001");
    EXPECT_EQ(made[1].to, "0.5");
    EXPECT_TRUE(contains(refusal(now, {}, {"optimizer.lr=0.5"}), "train.clip was 1, is now 2"));
    for (const char* change : {"model.dim=16", "optimizer.type=sgd", "train.seed=2", "train.accumulate=2",
                               "data.batch=3", "init=x", "run.name=x", "train.ema=0.5"}) {
        EXPECT_TRUE(contains(refusal({change}, {}, {change}), "a run cannot go on with another value")) << change;
    }
}

TEST(ResumeCheck, ThePortableRecipeHoldsNoPlaces) {
    const std::string text = portable_recipe(recipe_with({"init=weights.safetensors", "run.name=mine"}));
    for (const char* place : {"here", "somewhere", "weights.safetensors", "mine", "test.yaml"}) {
        EXPECT_EQ(text.find(place), std::string::npos) << place << " in\n" << text;
    }
    const Recipe again = parse_recipe(recipe_spec(), text, "stored", {});
    EXPECT_EQ(message_of<UserError>([&] { check_resumable(recipe_with({}), again, "runs/1", {}); }), none);
    EXPECT_EQ(portable_recipe(again), text);
}

}  // namespace
}  // namespace heed::resume_check_test
