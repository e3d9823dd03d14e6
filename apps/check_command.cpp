#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "heed/apps/commands.h"
#include "heed/apps/saved_model.h"
#include "heed/apps/training_cost.h"
#include "heed/datasets/registry.h"
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

void print_cost(const Recipe& recipe, const ImageGeometry& images, int64_t train_images) {
    const TrainingCost cost = training_cost(recipe, images);
    const TrainOptions& train = recipe.options<TrainOptions>("train");
    const int64_t batch = recipe.options<ImageDataOptions>("data").batch;
    const double forward = static_cast<double>(cost.multiplies);
    const double step_images = static_cast<double>(batch * train.accumulate);
    const auto line = [](const char* name, const std::string& value) { fmt::print("{:<16}{}\n", name, value); };
    fmt::print("\n");
    line("parameters", fmt::format("{}", cost.parameters));
    line("tokens", fmt::format("{} an image", cost.tokens));
    line("multiply-adds", counted(forward) + " an image (forward), " + counted(3 * forward * step_images) + " a step");
    if (!cost.attention.empty()) line("attention", cost.attention);
    line("memory", fmt::format("{} {} for training with {} images at a time{}", cost.measured ? "about" : "at least",
                               scaled(cost.bytes, 1024, {"B", "KiB", "MiB", "GiB", "TiB"}), batch,
                               cost.measured ? "" : " (not measured: the model is too large for this machine)"));
    if (train_images == 0) return;
    const double kept = static_cast<double>(train_images) * (1 - recipe.options<ImageDataOptions>("data").validation);
    line("steps", train.steps > 0
                      ? fmt::format("{}", train.steps)
                      : fmt::format("{:.0f}", static_cast<double>(train.epochs) * std::ceil(kept / step_images)));
}

}  // namespace

int run(const CheckCommand& command) {
    const Recipe recipe = read_recipe(recipe_spec(), command.recipe, command.overrides);
    print_settings(recipe);
    use_threads_of(recipe);
    const ImageDataSet& data = image_data_set(recipe.section("data").choice());
    if (!data.facts) {
        fmt::print("\nThe size of the model depends on the files of {}, which are not looked at.\n", data.name);
        return 0;
    }
    const ImageShape& shape = data.facts->shape;
    print_cost(recipe, {shape.channels, shape.height, shape.width, data.facts->classes}, data.facts->train_images);
    return 0;
}

}  // namespace heed
