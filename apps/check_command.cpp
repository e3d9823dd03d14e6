#include <fmt/core.h>

#include <algorithm>

#include "heed/apps/commands.h"
#include "heed/apps/support/saved_model.h"
#include "heed/apps/support/training_cost.h"
#include "heed/core/error.h"
#include "heed/core/files/safetensors.h"
#include "heed/datasets/text/parallel_options.h"
#include "heed/trainers/inspection/attention_places.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/run/initial_weights.h"

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

/// What the size of the model is reckoned with.
std::string vocabulary_text(const ExpectedData& data) {
    const bool pairs = data.facts.translations.has_value();
    if (!pairs && !data.facts.texts) return "";
    const int64_t tokens = pairs ? data.facts.translations->target_vocabulary : data.facts.texts->vocabulary;
    return fmt::format(" with {} of {} tokens{}",
                       !pairs                           ? "a vocabulary"
                       : data.facts.translations->joint ? "one vocabulary"
                                                        : "two vocabularies",
                       tokens, data.vocabulary_is_limit ? " (fewer where the texts have fewer)" : "");
}

std::string steps_text(const Recipe& recipe, const TrainingCost& cost) {
    if (cost.steps > 0) return fmt::format("{}", cost.steps);
    const TrainOptions& train = recipe.options<TrainOptions>("train");
    return fmt::format(
        "known with the data alone, which are not looked at: {} epochs of at least as many as there are "
        "target tokens / {}",
        train.epochs, recipe.options<ParallelDataOptions>("data").tokens * train.accumulate);
}

void print_cost(const Recipe& recipe, const ExpectedData& data) {
    const TrainingCost cost = training_cost(recipe, data);
    const bool texts = data.facts.texts.has_value();
    const bool pairs = data.facts.translations.has_value();
    const std::string sample = pairs ? "a pair of that length" : texts ? "a text of that length" : "an image";
    const std::string samples = pairs ? "pairs of that length" : texts ? "texts" : "images";
    const double forward = static_cast<double>(cost.multiplies);
    double step_samples = static_cast<double>(cost.batch * recipe.options<TrainOptions>("train").accumulate);
    if (data.train_samples > 0) step_samples = std::min(step_samples, static_cast<double>(data.train_samples));
    const auto line = [](const char* name, const std::string& value) { fmt::print("{:<16}{}\n", name, value); };
    fmt::print("\n");
    line("parameters", fmt::format("{}{}", cost.parameters, vocabulary_text(data)));
    if (pairs) {
        line("tokens", fmt::format("{} of a source and {} of a translation at most", cost.tokens,
                                   data.facts.translations->max_target_tokens));
    } else {
        line("tokens", fmt::format("{} {}", cost.tokens, texts ? "at most" : "an image"));
    }
    line("multiply-adds", counted(forward) + " " + sample + " (forward), " + counted(3 * forward * step_samples) +
                              (pairs ? " a step at most" : " a step"));
    if (pairs) line("attention", attention_text(recipe));
    if (!cost.attention.empty()) line(pairs ? "" : "attention", cost.attention);
    line("memory", fmt::format("{} {} for training with {} {} at a time{}", cost.measured ? "about" : "at least",
                               scaled(cost.bytes, 1024, {"B", "KiB", "MiB", "GiB", "TiB"}), cost.batch, samples,
                               cost.measured ? "" : " (not measured: the model is too large for this machine)"));
    if (cost.steps > 0 || pairs) line("steps", steps_text(recipe, cost));
}

}  // namespace

int run(const CheckCommand& command) {
    const Recipe recipe = read_recipe(recipe_spec(), command.recipe, command.overrides);
    print_settings(recipe);
    use_threads_of(recipe);
    const std::optional<ExpectedData> data = expected_data(recipe);
    if (!data) {
        check_initial_weights(recipe);
        fmt::print("\nThe size of the model depends on the files of {}, which are not looked at.\n",
                   recipe.section("data").choice());
        return 0;
    }
    print_cost(recipe, *data);
    return 0;
}

}  // namespace heed
