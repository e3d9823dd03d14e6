#include "heed/trainers/run/initial_model.h"

#include "heed/core/error.h"
#include "heed/trainers/checkpoint/initial_weights.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/recipe_spec.h"

namespace heed {

namespace {

/// The model of the initial weights where it has other attention than the recipe, and nothing else has to be fitted.
std::optional<TrainedModel> model_with_other_attention(const Recipe& recipe, Training& training) {
    const GeneralOptions& options = recipe.options<GeneralOptions>("");
    if (options.init.empty() || !options.init_strict) return std::nullopt;
    const std::optional<CheckpointFacts> facts = initial_facts(recipe);
    if (!facts || &facts->data->kind() != &training.kind()) return std::nullopt;
    const Recipe old = parse_recipe(recipe_spec(), facts->recipe, "the recipe in " + options.init, {});
    if (attention_text(old) == attention_text(recipe)) return std::nullopt;
    return TrainedModel::load(training.store.context(), options.init, {});
}

}  // namespace

InitialModel load_initial_model(Training& training) {
    const Recipe& recipe = training.recipe;
    InitialModel initial;
    std::optional<TrainedModel> old = model_with_other_attention(recipe, training);
    if (!old) {
        initial.lines = load_initial_weights(recipe, training.store, training.task.model(), *training.workload.facts());
        return initial;
    }
    const std::string& init = recipe.options<GeneralOptions>("").init;
    check_initial_facts(recipe, *training.workload.facts());
    try {
        initial.swap = swap_attention(*old, recipe, training.workload, training.store);
    } catch (const UserError& error) {
        throw UserError(recipe.section("").source("init").text() + ": init: " + error.what());
    }
    initial.lines.push_back("starting from the weights in " + init);
    return initial;
}

}  // namespace heed
