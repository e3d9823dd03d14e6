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

TrainedModel load_with_attention(Context& context, const std::string& target,
                                 const std::vector<std::string>& overrides) {
    const std::string path = checkpoint_file(target);
    if (!is_attention_changed(overrides)) return TrainedModel::load(context, path, overrides);
    const CheckpointFacts facts = read_checkpoint_facts(SafetensorsFile(path));
    const std::string name = "the recipe in " + path;
    const std::string before = attention_text(parse_recipe(recipe_spec(), facts.recipe, name, {}));
    const std::string now = attention_text(parse_recipe(recipe_spec(), facts.recipe, name, overrides));
    try {
        return TrainedModel::load(context, path, overrides);
    } catch (const UserError& error) {
        if (before == now) throw;
        throw UserError(
            fmt::format("the weights of {} are those of {} attention and cannot be used with {} ({}); sdpa and "
                        "smyrf have the same weights, heed convert carries others over",
                        target, before, now, error.what()));
    }
}

SavedModel load_saved_model(const std::string& target, const std::vector<std::string>& overrides) {
    // The recipe is read once for the device, on which the model is then made.
    const std::string path = checkpoint_file(target);
    const CheckpointFacts facts = read_checkpoint_facts(SafetensorsFile(path));
    const std::string name = "the recipe in " + path;
    const Recipe recipe = parse_recipe(recipe_spec(), facts.recipe, name, overrides);
    use_threads_of(recipe);
    auto context = std::make_unique<Context>(recipe.options<GeneralOptions>("").device);
    TrainedModel trained = load_with_attention(*context, target, overrides);
    std::string before;
    if (is_attention_changed(overrides)) before = attention_text(parse_recipe(recipe_spec(), facts.recipe, name, {}));
    return {target, std::move(context), std::move(trained), std::move(before)};
}

void use_threads_of(const Recipe& recipe) {
    const int64_t threads = recipe.options<GeneralOptions>("").threads;
    set_thread_count(threads > 0 ? static_cast<int>(threads) : default_thread_count());
}

}  // namespace heed
