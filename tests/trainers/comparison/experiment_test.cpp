#include "heed/trainers/comparison/experiment.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/module/parameter_store.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/comparison/plan.h"
#include "heed/trainers/kinds/registry.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed::experiment_test {
namespace {

using test::contains;
using test::message_of;

TEST(Experiments, ThoseInTheSourceCanBePlannedInBothSizes) {
    const std::string source = std::getenv("HEED_SOURCE_DIR");
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(source + "/experiments")) {
        SCOPED_TRACE(entry.path().string());
        const Experiment experiment = read_experiment(entry.path().string());
        EXPECT_GE(experiment.claims.size(), 3u);
        for (const ExperimentSize* size : {&experiment.quick, &experiment.full}) {
            const ComparisonPlan plan({.recipe = experiment.recipe,
                                       .overrides = size->settings,
                                       .types = experiment.attention,
                                       .seeds = size->seeds,
                                       .folder = "nowhere"});
            EXPECT_EQ(std::ssize(plan.seeds()), size->seeds);
        }
        ++count;
    }
    EXPECT_EQ(count, 4);
}

/// First values by the names of the parameters.
std::map<std::string, std::vector<float>> first_values(const ComparisonPlan& plan, const std::string& type) {
    const Recipe recipe = plan.recipe_of(plan.run(type, 7, {}, true));
    const std::optional<ExpectedData> data = kind_of(recipe).expected_data(recipe);
    Context context("cpu");  // outlives the tensors of the model
    const std::unique_ptr<Module> model = kind_of(recipe).make_model(recipe, *data->facts);
    const auto seed = static_cast<uint64_t>(recipe.options<TrainOptions>("train").seed);
    const ParameterStore store(context, *model, seed);
    std::map<std::string, std::vector<float>> values;
    for (const Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            values[part.name] = parameter->part_value(part).to_vector();
        }
    }
    return values;
}

TEST(Plans, WeightsThatTypesShareBeginAlike) {
    const std::string source = std::getenv("HEED_SOURCE_DIR");
    const ComparisonPlan plan({.recipe = source + "/recipes/mnist/vit.yaml",
                               .overrides = {},
                               .types = {"sdpa", "optimised", "efficient", "super", "smyrf"},
                               .seeds = 1,
                               .folder = "nowhere"});
    const auto base = first_values(plan, "sdpa");
    for (const char* type : {"optimised", "efficient", "super", "smyrf"}) {
        size_t shared = 0;
        for (const auto& [name, values] : first_values(plan, type)) {
            const auto found = base.find(name);
            if (found == base.end()) continue;
            EXPECT_EQ(values, found->second) << type << " " << name;
            ++shared;
        }
        EXPECT_GE(shared, base.size() - 16) << type << ": at most key and value of four layers are missing";
    }
}

struct ClaimFiles : testing::Test {
    std::string error_of(const std::string& text) const {
        test::write_text(folder / "claims.yaml", text);
        return message_of<UserError>([&] { read_claims(folder / "claims.yaml"); });
    }
    test::TemporaryFolder folder;
};

TEST_F(ClaimFiles, AreReadInTheirOrder) {
    test::write_text(folder / "claims.yaml",
                     "claims:\n  z: {type: super, is: better, margin: 0.5, says: it is}\n"
                     "  a: {type: efficient, measure: attention_parameters, at_most: 0.5}\n");
    const std::vector<Claim> claims = read_claims(folder / "claims.yaml");
    ASSERT_EQ(claims.size(), 2u);
    EXPECT_EQ(claims[0].type, "super");
    EXPECT_EQ(claims[0].margin, std::vector<double>{0.5});
    EXPECT_EQ(claims[0].says, "it is");
    EXPECT_FALSE(claims[1].is_of_quality());
    EXPECT_EQ(claims[1].at_most, 0.5);
}

TEST_F(ClaimFiles, WhatIsWrongIsNamedWithItsPlace) {
    EXPECT_TRUE(contains(error_of("recipe: a.yaml\n"), "expected claims, found none"));
    EXPECT_TRUE(contains(error_of("claims:\n  a:\n    typ: super\n"), "claims.yaml:3: "));
    EXPECT_TRUE(contains(error_of("claims:\n  a:\n    typ: super\n"), "type"));
    EXPECT_TRUE(contains(error_of("claims:\n  a: {type: super, is: fine}\n"), "no_worse"));
    EXPECT_TRUE(contains(error_of("claims:\n  a: {is: better}\n"), "a claim needs a type"));
    EXPECT_TRUE(contains(error_of("claims:\n  a: {type: super, measure: speed}\n"), "inference_seconds"));
}

}  // namespace
}  // namespace heed::experiment_test
