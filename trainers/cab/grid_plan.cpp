#include "heed/trainers/cab/grid_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "heed/attention/attention.h"
#include "heed/attention/registry.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/benchmark/pattern_key.h"
#include "heed/trainers/kinds/registry.h"
#include "heed/trainers/recipe/levels.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/setting_key.h"

namespace heed {

namespace {

/// Settings of one line of a grid, as a level of a recipe whose errors name that line.
RecipeLevel level_of(const std::vector<std::string>& settings, const Source& source) {
    RecipeLevel level;
    try {
        level = override_level(settings);
    } catch (const UserError& error) {
        throw UserError(source.text() + ": settings: " + error.what());
    }
    for (GivenValue& given : level) given.source = source;
    return level;
}

/// Later settings stand for earlier ones of the same key.
void replace_settings(std::vector<std::string>& settings, const std::vector<std::string>& more) {
    for (const std::string& setting : more) {
        std::erase_if(settings, [&](const std::string& each) { return setting_key(each) == setting_key(setting); });
        settings.push_back(setting);
    }
}

void check_grid_settings(const std::vector<std::string>& settings, const Source& source, const std::string& place) {
    const std::map<std::string, const char*> decided = {{"train.seed", "seeds and first_seed name them"},
                                                        {"run.dir", "the folder of the benchmark holds all runs"},
                                                        {"run.name", "the folder of the benchmark holds all runs"},
                                                        {"train.test", "every run reads its test set once"}};
    for (const std::string& setting : settings) {
        const std::string key = setting_key(setting);
        const auto found = decided.find(key);
        if (found != decided.end()) {
            throw UserError(source.text() + ": " + key + " is decided by the benchmark: " + found->second);
        }
        const std::string leaf = key.starts_with(place + ".") ? key.substr(place.size() + 1) : "";
        if (!leaf.empty() && leaf.find('.') == std::string::npos) {
            throw UserError(source.text() + ": " + key + " is decided by the benchmark: its types stand in " + place);
        }
    }
}

std::vector<std::string> behind(const std::string& place, const std::vector<std::string>& settings) {
    std::vector<std::string> keys;
    for (const std::string& setting : settings) keys.push_back(place + "." + setting);
    return keys;
}

/// Calls f, whose errors get what they are about in front.
template <class F>
void about(const std::string& what, const F& f) {
    try {
        f();
    } catch (const UserError& error) {
        throw UserError(what + ": " + error.what());
    }
}

void check_result(const PlannedRun& run, RunResults& results) {
    try {
        if (is_done(run)) results.of(run.folder);
    } catch (const UserError& error) {
        throw UserError(fmt::format("{}: {} (without its folder it is trained again)", run.text(), error.what()));
    }
}

}  // namespace

GridPlan::GridPlan(BenchmarkGrid grid, std::string folder) : grid_(std::move(grid)), folder_(std::move(folder)) {
    for (size_t task = 0; task < grid_.tasks.size(); ++task) {
        check_grid_settings(grid_.settings, grid_.settings_source, grid_.tasks[task].place);
        check_grid_settings(grid_.tasks[task].settings, grid_.tasks[task].settings_source, grid_.tasks[task].place);
        for (size_t type = 0; type < grid_.types.size(); ++type) plan_cell(task, type);
        check_task(task);
    }
}

const GridCell& GridPlan::cell(size_t task, size_t type) const {
    return cells_.at(task * grid_.types.size() + type);
}

std::vector<PlannedRun> GridPlan::runs() const {
    std::vector<PlannedRun> runs;
    for (int64_t i = 0; i < grid_.seeds; ++i) {
        for (const GridCell& cell : cells_) {
            if (!cell.is_empty()) runs.push_back(cell.runs[static_cast<size_t>(i)]);
        }
    }
    return runs;
}

Recipe GridPlan::recipe_of(const PlannedRun& run) const {
    return read_recipe(recipe_spec(), run.recipe, run.settings);
}

std::vector<std::string> GridPlan::settings_of(size_t task, size_t type) const {
    const GridTask& of_task = grid_.tasks[task];
    std::vector<std::string> settings = grid_.settings;
    replace_settings(settings, of_task.settings);
    settings.push_back(of_task.place + ".type=" + grid_.types[type].type);
    replace_settings(settings, behind(of_task.place, grid_.types[type].settings));
    return settings;
}

Recipe GridPlan::placed_recipe(const GridCell& cell, const std::vector<std::string>& run_settings) const {
    const GridTask& of_task = grid_.tasks[cell.task];
    const GridType& of_type = grid_.types[cell.type];
    std::vector<RecipeLevel> levels;
    try {
        levels = file_levels(of_task.recipe);
    } catch (const UserError& error) {
        throw UserError(of_task.recipe_source.text() + ": tasks." + of_task.name + ".recipe: " + error.what());
    }
    levels.push_back(level_of(grid_.settings, grid_.settings_source));
    levels.push_back(level_of(of_task.settings, of_task.settings_source));
    levels.push_back(level_of({of_task.place + ".type=" + of_type.type}, of_task.place_source));
    levels.push_back(level_of(behind(of_task.place, of_type.settings), of_type.settings_source));
    levels.push_back(override_level(run_settings));
    return resolve_levels(recipe_spec(), of_task.recipe, levels);
}

std::vector<std::string> GridPlan::run_settings(const PlannedRun& run) {
    return {fmt::format("train.seed={}", run.seed), "run.dir=" + run.folder};
}

void GridPlan::plan_cell(size_t task, size_t type) {
    const GridTask& of_task = grid_.tasks[task];
    const GridType& of_type = grid_.types[type];
    GridCell& cell = cells_.emplace_back();
    cell.task = task;
    cell.type = type;
    const Recipe recipe = placed_recipe(cell, {});
    const AttentionPattern pattern = *pattern_of_key(of_task.pattern);
    if (!attention_type(of_type.type).capabilities.can(pattern)) {
        cell.reason = fmt::format("{} cannot do {}", of_type.type, attention_pattern_name(pattern));
        return;
    }
    cell.attention = attention_settings(attention_type(of_type.type), recipe.section(of_task.place).fields());
    for (int64_t i = 0; i < grid_.seeds; ++i) {
        const int64_t seed = grid_.first_seed + i;
        PlannedRun run;
        run.recipe = of_task.recipe;
        run.task = of_task.name;
        run.type = of_type.name;
        run.seed = seed;
        run.folder = fmt::format("{}/{}/{}/seed-{}", folder_, of_task.name, of_type.name, seed);
        run.settings = settings_of(task, type);
        for (std::string& setting : run_settings(run)) run.settings.push_back(std::move(setting));
        cell.runs.push_back(std::move(run));
    }
}

void GridPlan::check_metrics(const GridTask& task, const Recipe& recipe) const {
    const TrainingKind& kind = kind_of(recipe);
    const std::vector<std::string> known = kind.metrics();
    for (const BenchmarkMetric& metric : task.benchmark_task().metrics) {
        if (std::find(known.begin(), known.end(), metric.name) != known.end()) continue;
        throw UserError(fmt::format("{}: tasks.{}: expected a metric of {}, {}, got {}", task.recipe_source.text(),
                                    task.name, kind.model_name(), listed(known, " or "), quote(metric.name)) +
                        did_you_mean(metric.name, known));
    }
}

void GridPlan::check_task(size_t task) {
    for (size_t type = 0; type < grid_.types.size(); ++type) {
        const GridCell& of = cell(task, type);
        if (of.is_empty()) continue;
        const Recipe recipe = recipe_of(of.runs.front());
        check_metrics(grid_.tasks[task], recipe);
        if (const std::optional<ExpectedData> data = kind_of(recipe).expected_data(recipe)) build_models(task, *data);
        return;
    }
}

void GridPlan::build_models(size_t task, const ExpectedData& data) {
    std::vector<std::vector<Attention*>> layers;
    std::vector<std::unique_ptr<Module>> models;
    for (size_t type = 0; type < grid_.types.size(); ++type) {
        GridCell& of = cells_[task * grid_.types.size() + type];
        if (of.is_empty()) continue;
        about(grid_.tasks[task].name + ", " + grid_.types[type].name, [&] {
            const Recipe recipe = recipe_of(of.runs.front());
            models.push_back(kind_of(recipe).make_model(recipe, *data.facts));
            layers.push_back(attention_layers(*models.back()));
            of.parameters = models.back()->parameter_count();
            of.multiplies = kind_of(recipe).sample_cost(recipe, *models.back(), data).multiplies;
        });
    }
    check_pattern(grid_.tasks[task], layers);
}

void GridPlan::check_pattern(const GridTask& task, const std::vector<std::vector<Attention*>>& layers) const {
    const AttentionPattern wanted = *pattern_of_key(task.pattern);
    for (const std::vector<Attention*>& model : layers) {
        if (model.size() != layers.front().size()) continue;
        for (size_t i = 0; i < model.size(); ++i) {
            const AttentionPattern found = model[i]->geometry().pattern;
            if (model[i]->type() == layers.front()[i]->type() || found == wanted) continue;
            throw UserError(fmt::format("{}: tasks.{}: pattern says {}, but {} of {} is {}", task.place_source.text(),
                                        task.name, task.pattern, task.place, task.recipe, pattern_key(found)));
        }
    }
}

std::vector<std::string> GridPlan::data_problems() {
    std::vector<std::pair<std::string, std::vector<std::string>>> found;  // problems and the tasks that have them
    for (size_t task = 0; task < grid_.tasks.size(); ++task) {
        const GridCell* open = nullptr;
        for (size_t type = 0; type < grid_.types.size() && !open; ++type) {
            const GridCell& of = cell(task, type);
            if (!std::all_of(of.runs.begin(), of.runs.end(), is_done)) open = &of;
        }
        if (!open) continue;
        const Recipe recipe = recipe_of(open->runs.front());
        ExpectedData data = kind_of(recipe).expected_data(recipe).value_or(ExpectedData());
        try {
            Context context("shapes");
            data.facts = kind_of(recipe).open(recipe, context, nullptr)->facts();
        } catch (const UserError& error) {
            const auto same =
                std::find_if(found.begin(), found.end(), [&](const auto& each) { return each.first == error.what(); });
            if (same == found.end()) {
                found.push_back({error.what(), {grid_.tasks[task].name}});
            } else {
                same->second.push_back(grid_.tasks[task].name);
            }
            continue;
        }
        build_models(task, data);
    }
    std::vector<std::string> problems;
    for (const auto& [problem, tasks] : found) problems.push_back(listed(tasks) + ": " + problem);
    return problems;
}

void GridPlan::check_folders(RunResults& results) const {
    for (const GridCell& of : cells_) {
        for (const PlannedRun& run : of.runs) {
            check_result(run, results);
            const std::string differences = changed_settings(run.folder, placed_recipe(of, run_settings(run)));
            if (differences.empty()) continue;
            throw UserError("the benchmark in " + folder_ + " has a run of " + run.text() + " with other settings: " +
                            differences + "; give the old values, remove that folder, or choose another by --dir");
        }
    }
}

}  // namespace heed
