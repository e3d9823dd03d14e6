#include "heed/trainers/run/checks/training_memory.h"

#include <gtest/gtest.h>

#include <chrono>

#include "heed/attention/registry.h"
#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/trainers/images/image_facts.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/texts/text_facts.h"
#include "heed/trainers/translations/translation_facts.h"

namespace heed::training_memory_test {
namespace {

Recipe recipe_of(const std::string& text, const std::string& attention) {
    return parse_recipe(recipe_spec(), text, "memory.yaml", {"attention.type=" + attention, "train.ema=0.9"});
}

ImageDataFacts images() {
    ImageDataFacts facts;
    facts.name = "idx";
    facts.class_names.resize(7);
    facts.shape = {3, 20, 20};
    facts.normalisation = {{0.5}, {0.5}};
    return facts;
}

TextDataFacts texts(int64_t tokens) {
    TextDataFacts facts;
    facts.name = "texts";
    facts.class_names.resize(3);
    facts.vocabulary = 101;
    facts.max_tokens = tokens;
    facts.truncate = "head";
    return facts;
}

TranslationDataFacts translations() {
    TranslationDataFacts facts;
    facts.name = "pairs";
    facts.source_vocabulary = 90;
    facts.target_vocabulary = 70;
    facts.max_source_tokens = 23;
    facts.max_target_tokens = 19;
    return facts;
}

constexpr const char* image_recipe =
    "model: {type: vit, dim: 24, depth: 2, heads: 2, mlp_dim: 40, patch: 4, dropout: 0.1, drop_path: 0.1}\n"
    "data: {name: idx, root: nowhere, classes: 7}\n";
constexpr const char* text_recipe =
    "model: {type: text_classifier, dim: 24, depth: 2, heads: 2, mlp_dim: 40, dropout: 0.1}\n"
    "data: {name: text_files, train_file: nowhere.csv}\n";
constexpr const char* translation_recipe =
    "model: {type: translator, dim: 24, encoder_depth: 2, decoder_depth: 2, heads: 2, mlp_dim: 40}\n"
    "data: {name: en_es}\n";

/// A step that computes nothing takes the same memory as one that does.
TEST(TrainingMemory, IsThatOfARealStep) {
    for (const AttentionType& type : attention_types()) {
        SCOPED_TRACE(type.name);
        const auto expect_equal = [&](const char* recipe_text, const DataFacts& facts) {
            SCOPED_TRACE(facts.name);
            const Recipe recipe = recipe_of(recipe_text, type.name);
            for (const int64_t samples : {1, 5}) {
                const double real = training_memory(recipe, facts, samples, "cpu").peak;
                EXPECT_GT(real, 0);
                EXPECT_EQ(training_memory(recipe, facts, samples).peak, real);
            }
        };
        expect_equal(image_recipe, images());
        expect_equal(text_recipe, texts(37));
        if (type.capabilities.causal_self && type.capabilities.causal_cross) {
            expect_equal(translation_recipe, translations());
        }
    }
}

TEST(TrainingMemory, IsFoundAtOnceForAnySize) {
    const auto start = std::chrono::steady_clock::now();
    const double bytes = training_memory(recipe_of(text_recipe, "sdpa"), texts(1'000'000), 64).peak;
    EXPECT_GT(bytes, 64e6 * 24 * sizeof(float));
    EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 10.0);
}

TEST(TrainingMemory, OfWeightsAloneIsBelowThePeakAndGrowsWithTheModelOnly) {
    const Recipe recipe = recipe_of(image_recipe, "sdpa");
    const TrainingMemory one = training_memory(recipe, images(), 1), many = training_memory(recipe, images(), 9);
    EXPECT_GT(one.resting, 0);
    EXPECT_LT(one.resting, one.peak);
    EXPECT_EQ(one.resting, many.resting);
    EXPECT_LT(one.peak, many.peak);
}

TEST(TrainingMemory, WhatTheMachineLacksIsToldOrRefused) {
    constexpr int64_t gibibyte = 1 << 30;
    const TrainingMemory taken = {.resting = 3.0 * gibibyte, .peak = 6.0 * gibibyte};
    EXPECT_EQ(memory_warning(taken, "8 samples", 6 * gibibyte, 0), "");
    for (const auto& [machine, swap] : {std::pair<int64_t, int64_t>{5, 0}, {3, 0}, {2, 1}}) {
        const std::string warning = memory_warning(taken, "8 samples", machine * gibibyte, swap * gibibyte);
        EXPECT_TRUE(test::contains(warning, "warning: a step with 8 samples takes about 6.00 GiB")) << machine;
    }
    const TrainingMemory wide = {.resting = 1.0 * gibibyte, .peak = 17.0 * gibibyte};
    EXPECT_TRUE(test::contains(memory_warning(wide, "8 samples", 4 * gibibyte, gibibyte), "warning"));
    EXPECT_TRUE(
        test::contains(test::message_of<UserError>([&] { memory_warning(wide, "8 samples", 3 * gibibyte, gibibyte); }),
                       "a step with 8 samples takes about 17.00 GiB, but this machine has 3.00 GiB of memory: expected "
                       "a smaller batch"));
    EXPECT_TRUE(test::contains(
        test::message_of<UserError>([&] { memory_warning(taken, "8 samples", 2 * gibibyte, gibibyte / 2); }),
        "take 3.00 GiB, but this machine has 2.00 GiB of memory"));
}

}  // namespace
}  // namespace heed::training_memory_test
