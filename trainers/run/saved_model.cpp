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

}  // namespace

SavedModel load_saved_model(const std::string& target, const std::vector<std::string>& overrides) {
    // The recipe is read once for the device, on which the model is then made.
    const std::string path = checkpoint_file(target);
    const CheckpointFacts facts = read_checkpoint_facts(SafetensorsFile(path));
    const Recipe recipe = parse_recipe(recipe_spec(), facts.recipe, "the recipe in " + path, overrides);
    use_threads_of(recipe);
    auto context = std::make_unique<Context>(recipe.options<GeneralOptions>("").device);
    if (!is_attention_changed(overrides)) {
        TrainedModel trained = TrainedModel::load(*context, path, overrides);
        return {target, std::move(context), std::move(trained)};
    }
    const std::string before = attention_text(parse_recipe(recipe_spec(), facts.recipe, "the recipe in " + path, {}));
    const std::string now = attention_text(recipe);
    try {
        TrainedModel trained = TrainedModel::load(*context, path, overrides);
        return {target, std::move(context), std::move(trained), before};
    } catch (const UserError& error) {
        if (before == now) throw;
        throw UserError(
            fmt::format("the weights of {} are those of {} attention and cannot be used with {} ({}); sdpa and "
                        "smyrf have the same weights",
                        target, before, now, error.what()));
    }
}

void use_threads_of(const Recipe& recipe) {
    const int64_t threads = recipe.options<GeneralOptions>("").threads;
    set_thread_count(threads > 0 ? static_cast<int>(threads) : default_thread_count());
}

}  // namespace heed
