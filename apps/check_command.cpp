#include <fmt/core.h>

#include <algorithm>

#include "heed/apps/commands.h"
#include "heed/apps/support/training_cost.h"
#include "heed/core/error.h"
#include "heed/core/files/safetensors.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/files/free_memory.h"
#include "heed/trainers/checkpoint/initial_weights.h"
#include "heed/trainers/kinds/registry.h"
#include "heed/trainers/optimizers/optimizer_options.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/run/checks/schedule_check.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {
namespace {

void print_settings(const Recipe& recipe) {
    const std::vector<Setting> settings = recipe.explain();
    size_t key_width = 0, value_width = 0;
    for (const Setting& setting : settings) {
        key_width = std::max(key_width, setting.key.size());
        value_width = std::max(value_width, std::min<size_t>(printable(setting.value).size(), 24));
    }
    for (const Setting& setting : settings) {
        const std::string value = printable(setting.value).empty() ? "(empty)" : printable(setting.value);
        fmt::print("{:<{}}  {:<{}}  {}\n", setting.key, key_width, value, value_width, printable(setting.source));
    }
    for (const std::string& note : recipe.notes()) fmt::print("note: {}\n", printable(note));
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

/// What training says of the schedule, where enough is known; 0 steps: not known.
void print_schedule(const Recipe& recipe, int64_t steps, int64_t epoch_steps) {
    const auto& optimizer = recipe.options<OptimizerOptions>("optimizer");
    const auto counts_epochs = [](const Span& span) { return span.unit == Span::Unit::epochs; };
    const bool needs_epochs = counts_epochs(optimizer.warmup) || counts_epochs(optimizer.step_every);
    if (steps == 0 || (epoch_steps == 0 && needs_epochs)) return;
    check_schedule(recipe, steps, epoch_steps);
    const std::string warning = schedule_warning(recipe, steps, epoch_steps);
    if (!warning.empty()) fmt::print("{}\n", warning);
}

void print_cost(const Recipe& recipe, const ExpectedData& data) {
    const TrainingCost cost = training_cost(recipe, data);
    const SampleCost& sample = cost.sample;
    const double forward = static_cast<double>(sample.multiplies);
    double step_samples = static_cast<double>(cost.batch * recipe.options<TrainOptions>("train").accumulate);
    if (data.train_samples > 0) step_samples = std::min(step_samples, static_cast<double>(data.train_samples));
    const auto line = [](const char* name, const std::string& value) { fmt::print("{:<16}{}\n", name, value); };
    fmt::print("\n");
    line("parameters", fmt::format("{}{}", cost.parameters, sample.vocabulary));
    line("tokens", sample.tokens_text);
    line("multiply-adds", fmt::format("{} {} (forward), {} a step{}", counted(forward), sample.sample,
                                      counted(3 * forward * step_samples), sample.is_limit ? " at most" : ""));
    line("attention", attention_text(recipe));
    if (!cost.attention.empty()) line("", cost.attention);
    const std::initializer_list<const char*> units = {"B", "KiB", "MiB", "GiB", "TiB"};
    line("memory", fmt::format("about {} for training with {} {} at a time", scaled(cost.bytes, 1024, units),
                               cost.batch, sample.samples));
    const auto machine = static_cast<double>(machine_memory());
    if (cost.bytes > machine) line("", fmt::format("warning: this machine has {}", scaled(machine, 1024, units)));
    if (cost.steps > 0) line("steps", fmt::format("{}", cost.steps));
    if (cost.steps == 0 && !sample.steps.empty()) line("steps", sample.steps);
    print_schedule(recipe, cost.steps, cost.epoch_steps);
}

/// What training would find, on a device where the model takes neither memory nor time.
ExpectedData opened_data(const Recipe& recipe) {
    Context context("shapes");
    const std::unique_ptr<Workload> workload = kind_of(recipe).open(recipe, context, nullptr);
    fmt::print("\n");
    for (const std::string& line : workload->description()) fmt::print("{}\n", printable(line));
    const int64_t batch = kind_of(recipe).batch(recipe) * recipe.options<TrainOptions>("train").accumulate;
    return {workload->facts(), kind_of(recipe).batch_is_limit() ? 0 : workload->task().samples(Split::train), false,
            workload->task().epoch_steps(batch)};
}

}  // namespace

int run(const CheckCommand& command) {
    const Recipe recipe = read_recipe(recipe_spec(), command.recipe, command.overrides);
    print_settings(recipe);
    use_threads_of(recipe);
    const std::optional<ExpectedData> data = command.data ? opened_data(recipe) : kind_of(recipe).expected_data(recipe);
    if (!data) {
        kind_of(recipe).check_fit(recipe, nullptr);
        check_initial_weights(recipe);
        print_schedule(recipe, recipe.options<TrainOptions>("train").steps, 0);
        fmt::print("\nThe size of the model depends on the files of {}, which are not looked at (--data opens them).\n",
                   recipe.section("data").choice());
        return 0;
    }
    print_cost(recipe, *data);
    return 0;
}

}  // namespace heed
