#include "heed/trainers/run/initial_model.h"

#include <algorithm>
#include <utility>

#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/trainers/checkpoint/initial_weights.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {

namespace {

/// A model with the weights and the attention that `init` names.
struct OldModel {
    TrainedModel trained;
    LoadedWeights loaded;
};

bool has_layers_alike(Module& one, Module& other) {
    const std::vector<Attention*> first = attention_layers(one), second = attention_layers(other);
    return std::equal(first.begin(), first.end(), second.begin(), second.end(), [](Attention* a, Attention* b) {
        return a->name() == b->name() && a->geometry().dim == b->geometry().dim &&
               a->geometry().heads == b->geometry().heads;
    });
}

/// Not where a type is made for another number of tokens.
bool has_layers_of_same_shapes(Module& one, Module& other) {
    const auto shapes = [](Module& model) {
        std::vector<Shape> all;
        for (Attention* layer : attention_layers(model)) {
            for (const Parameter* parameter : layer->parameters()) all.push_back(parameter->shape());
        }
        return all;
    };
    return shapes(one) == shapes(other);
}

/// The training's model with the attention of the initial weights, and of these what fits; nothing where the layers
/// are not alike.
std::optional<OldModel> fitting_model(Recipe&& old, const CheckpointFacts& facts, Training& training) {
    const Recipe& recipe = training.recipe;
    const std::unique_ptr<Module> given = facts.data->kind().make_model(old, *facts.data);
    given->assign_names();
    if (!has_layers_alike(*given, training.task.model())) return std::nullopt;
    Recipe with_old_attention = parse_recipe(recipe_spec(), recipe.resolved_yaml(), recipe.path(), {});
    with_old_attention.take_sections("attention", std::move(old));
    OldModel fitting = {{std::move(with_old_attention), training.workload.facts(), 0, nullptr, nullptr}, {}};
    TrainedModel& trained = fitting.trained;
    trained.model = training.kind().make_model(trained.recipe, *trained.facts);
    trained.store = std::make_unique<ParameterStore>(training.store.context(), *trained.model,
                                                     static_cast<uint64_t>(training.options.seed));
    if (!has_layers_of_same_shapes(*given, *trained.model)) return std::nullopt;
    fitting.loaded = load_initial_weights(recipe, *trained.store, *trained.model, *trained.facts);
    return fitting;
}

/// Where the initial weights have other attention than the recipe.
std::optional<OldModel> model_with_other_attention(Training& training) {
    const GeneralOptions& options = training.recipe.options<GeneralOptions>("");
    if (options.init.empty()) return std::nullopt;
    const std::optional<CheckpointFacts> facts = initial_facts(training.recipe);
    if (!facts) return std::nullopt;
    Recipe old = parse_recipe(recipe_spec(), facts->recipe, "the recipe in " + options.init, {});
    if (attention_text(old) == attention_text(training.recipe)) return std::nullopt;
    if (!options.init_strict) return fitting_model(std::move(old), *facts, training);
    if (&facts->data->kind() != &training.kind()) return std::nullopt;
    OldModel whole = {TrainedModel::load(training.store.context(), options.init, {}), {}};
    whole.loaded.lines.push_back("starting from the weights in " + options.init);
    return whole;
}

}  // namespace

InitialModel load_initial_model(Training& training) {
    const Recipe& recipe = training.recipe;
    const SharedFacts facts = training.workload.facts();
    InitialModel initial;
    std::optional<OldModel> old = model_with_other_attention(training);
    if (!old) {
        initial.lines = load_initial_weights(recipe, training.store, training.task.model(), *facts).lines;
        return initial;
    }
    const GeneralOptions& options = recipe.options<GeneralOptions>("");
    if (options.init_strict) check_initial_facts(recipe, *facts);
    try {
        // What is new has no quality that a swap could take from it.
        const auto carry_over = old->loaded.added.empty() ? swap_attention : convert_attention;
        initial.swap = carry_over(old->trained, recipe, training.workload, training.store);
    } catch (const UserError& error) {
        throw UserError(recipe.section("").source("init").text() + ": init: " + error.what());
    }
    initial.lines = std::move(old->loaded.lines);
    return initial;
}

}  // namespace heed
