#include "heed/trainers/run/saved_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/recipe_spec.h"

namespace heed {

namespace {

bool is_attention_changed(const std::vector<std::string>& overrides) {
    return std::any_of(overrides.begin(), overrides.end(),
                       [](const std::string& setting) { return setting.starts_with("attention."); });
}

/// The attention that a checkpoint was trained with, in words.
std::string trained_attention(const std::string& path, const CheckpointFacts& facts) {
    return attention_text(parse_recipe(recipe_spec(), facts.recipe, "the recipe in " + path, {}));
}

/// Loads weights that were trained with the attention `before` for that of a recipe, `now`.
TrainedModel load_for_attention(Context& context, const std::string& target, const std::vector<std::string>& overrides,
                                const std::string& before, const std::string& now) {
    try {
        return TrainedModel::load(context, target, overrides);
    } catch (const UserError& error) {
        if (before == now) throw;
        throw UserError(
            fmt::format("the weights of {} are those of {} attention and cannot be used with {}: {}; heed convert "
                        "carries them over to types that have others",
                        target, before, now, error.what()));
    }
}

}  // namespace

TrainedModel load_with_attention(Context& context, const std::string& target,
                                 const std::vector<std::string>& overrides) {
    const std::string path = checkpoint_file(target);
    const CheckpointFacts facts = read_checkpoint_facts(SafetensorsFile(path));
    const Recipe recipe = parse_recipe(recipe_spec(), facts.recipe, "the recipe in " + path, overrides);
    return load_for_attention(context, target, overrides, trained_attention(path, facts), attention_text(recipe));
}

SavedModel load_saved_model(const std::string& target, const std::vector<std::string>& overrides) {
    // The recipe is read once for the device, on which the model is then made.
    const std::string path = checkpoint_file(target);
    const CheckpointFacts facts = read_checkpoint_facts(SafetensorsFile(path));
    const Recipe recipe = parse_recipe(recipe_spec(), facts.recipe, "the recipe in " + path, overrides);
    use_threads_of(recipe);
    const auto& general = recipe.options<GeneralOptions>("");
    auto context = std::make_unique<Context>(general.device, general.products());
    if (!is_attention_changed(overrides)) {
        TrainedModel trained = TrainedModel::load(*context, path, overrides);
        return {target, std::move(context), std::move(trained)};
    }
    const std::string before = trained_attention(path, facts);
    TrainedModel trained = load_for_attention(*context, target, overrides, before, attention_text(recipe));
    return {target, std::move(context), std::move(trained), before};
}

void check_device(const Recipe& recipe) {
    const auto& general = recipe.options<GeneralOptions>("");
    const Context tried(general.device, general.products());
}

void use_threads_of(const Recipe& recipe) {
    const int64_t threads = recipe.options<GeneralOptions>("").threads;
    set_thread_count(threads > 0 ? static_cast<int>(threads) : default_thread_count());
}

}  // namespace heed
