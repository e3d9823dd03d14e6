#include <fmt/core.h>

#include <algorithm>

#include "heed/apps/commands.h"
#include "heed/apps/saved_model.h"
#include "heed/apps/training_cost.h"
#include "heed/core/error.h"
#include "heed/core/safetensors.h"
#include "heed/datasets/normalisation.h"
#include "heed/datasets/registry.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {
namespace {

void print_settings(const Recipe& recipe) {
    const std::vector<Setting> settings = recipe.explain();
    size_t key_width = 0, value_width = 0;
    for (const Setting& setting : settings) {
        key_width = std::max(key_width, setting.key.size());
        value_width = std::max(value_width, std::min<size_t>(setting.value.size(), 24));
    }
    for (const Setting& setting : settings) {
        const std::string value = setting.value.empty() ? "(empty)" : setting.value;
        fmt::print("{:<{}}  {:<{}}  {}\n", setting.key, key_width, value, value_width, setting.source);
    }
    for (const std::string& note : recipe.notes()) fmt::print("note: {}\n", note);
}

/// Numbers with their usual prefix: "1.23 M".
std::string scaled(double value, double step, std::initializer_list<const char*> units) {
    const char* const* unit = units.begin();
    while (value >= step && unit + 1 != units.end()) {
        value /= step;
        unit++;
    }
    return fmt::format("{:.{}f} {}", value, unit == units.begin() ? 0 : 2, *unit);
}

std::string counted(double value) {
    return scaled(value, 1000, {"", "thousand", "million", "billion", "trillion"});
}

void print_cost(const Recipe& recipe, const ImageFacts& data) {
    const TrainingCost cost = training_cost(recipe, data);
    const double forward = static_cast<double>(cost.multiplies);
    double step_images = static_cast<double>(cost.batch * recipe.options<TrainOptions>("train").accumulate);
    if (data.train_images > 0) step_images = std::min(step_images, static_cast<double>(data.train_images));
    const auto line = [](const char* name, const std::string& value) { fmt::print("{:<16}{}\n", name, value); };
    fmt::print("\n");
    line("parameters", fmt::format("{}", cost.parameters));
    line("tokens", fmt::format("{} an image", cost.tokens));
    line("multiply-adds", counted(forward) + " an image (forward), " + counted(3 * forward * step_images) + " a step");
    if (!cost.attention.empty()) line("attention", cost.attention);
    line("memory", fmt::format("{} {} for training with {} images at a time{}", cost.measured ? "about" : "at least",
                               scaled(cost.bytes, 1024, {"B", "KiB", "MiB", "GiB", "TiB"}), cost.batch,
                               cost.measured ? "" : " (not measured: the model is too large for this machine)"));
    if (cost.steps > 0) line("steps", fmt::format("{}", cost.steps));
}

}  // namespace

int run(const CheckCommand& command) {
    const Recipe recipe = read_recipe(recipe_spec(), command.recipe, command.overrides);
    print_settings(recipe);
    use_threads_of(recipe);
    const ImageDataSet& data = image_data_set(recipe.section("data").choice());
    const ImageDataOptions& options = recipe.options<ImageDataOptions>("data");
    const std::optional<ImageFacts> facts = data.facts_with(options);
    if (!facts) {
        const std::string& init = recipe.options<GeneralOptions>("").init;
        if (!init.empty()) SafetensorsFile{init};  // at least a file that can be read
        fmt::print("\nThe size of the model depends on the files of {}, which are not looked at.\n", data.name);
        return 0;
    }
    try {
        PixelTable({options.mean, options.deviation}, facts->shape);
    } catch (const UserError& error) {
        throw UserError(recipe.placed(error.what()));
    }
    print_cost(recipe, *facts);
    return 0;
}

}  // namespace heed
