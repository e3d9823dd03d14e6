#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "heed/apps/commands.h"
#include "heed/core/device/context.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/run/run_folder.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {
namespace {

void print_parameters(const ParameterStore& store) {
    size_t width = 0;
    for (const Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) width = std::max(width, part.name.size());
    }
    int64_t total = 0;
    for (const Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            const int64_t count = parameter->parameter_count(part);
            fmt::print("  {:<{}}  {:>16}  {:>10}\n", part.name, width, parameter->part_shape(part).to_string(), count);
            total += count;
        }
    }
    fmt::print("  {:<{}}  {:>16}  {:>10}\n", "in all", width, "", total);
}

/// Whether and how far the run in the folder went.
std::string run_progress(const RunPaths& paths, const CheckpointFacts& last) {
    const int64_t step = last.progress.step;
    std::string of;
    if (path_exists(paths.recipe())) {
        const TrainOptions train = read_recipe(recipe_spec(), paths.recipe(), {}).options<TrainOptions>("train");
        of = train.steps > 0 ? fmt::format(" of {}", train.steps) : fmt::format(" ({} epochs asked for)", train.epochs);
    }
    return fmt::format("{} after {} steps{}",
                       run_state(paths) == RunState::finished ? "finished" : "not finished, saved", step, of);
}

void print_line(const char* name, const std::string& value) {
    fmt::print("{:<12}{}\n", name, printable(value));
}

/// Older checkpoints do not say by what their models were compared.
std::string best_text(const CheckpointFacts& facts) {
    const TrainingState& progress = facts.progress;
    const std::string name =
        progress.compared_by.empty() ? facts.data->kind().compared_by(*facts.data) : progress.compared_by;
    return name + " " + score_text(name, progress.best_score);
}

}  // namespace

int run(const InfoCommand& command) {
    const std::string path = checkpoint_file(command.target);
    const CheckpointFacts facts = read_checkpoint_facts(SafetensorsFile(path));
    // Nothing is computed: a model that needs a card or a precision can be looked at anywhere.
    Context context("cpu");
    const TrainedModel trained = TrainedModel::load(context, path, {});
    const Recipe& recipe = trained.recipe;
    if (const auto folder = run_of_checkpoint(path)) {
        const RunPaths paths(*folder);
        const bool resumable = path_exists(paths.last_checkpoint());
        print_line(
            "run",
            fmt::format("{}: {}", *folder,
                        resumable ? run_progress(paths, read_checkpoint_facts(SafetensorsFile(paths.last_checkpoint())))
                                  : "no state to go on from"));
    }
    print_line("checkpoint", path);
    print_line("written by", facts.versions);
    print_line("trained", fmt::format("{} steps, {} epochs", facts.progress.step, facts.progress.position.epoch));
    if (facts.progress.best_step > 0) {
        print_line("validation", fmt::format("{} at best, after step {}", best_text(facts), facts.progress.best_step));
    }
    for (const auto& [name, text] : facts.data->kind().information(trained)) print_line(name.c_str(), text);
    print_line("attention", attention_text(recipe));
    const auto& general = recipe.options<GeneralOptions>("");
    print_line("device", fmt::format("{}, products in {}", general.device, general.precision));
    fmt::print("\nparameters\n");
    print_parameters(*trained.store);
    fmt::print("\nrecipe\n");
    for (const Setting& setting : recipe.explain()) fmt::print("  {} = {}\n", setting.key, printable(setting.value));
    return 0;
}

}  // namespace heed
