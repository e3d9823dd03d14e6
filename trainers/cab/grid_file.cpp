#include "heed/trainers/cab/grid_file.h"

#include <algorithm>
#include <filesystem>

#include "heed/attention/registry.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/benchmark/pattern_key.h"
#include "heed/trainers/comparison/named_groups.h"
#include "heed/trainers/recipe/levels.h"

namespace heed {

namespace {

const std::string tasks_section = "tasks", types_section = "types";

/// The part of "tasks.translation" behind the section. It becomes the name of a folder and a word of CSV files.
std::string group_name(const Recipe& read, const std::string& group) {
    std::string name = group.substr(group.find('.') + 1);
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
    if (plain) return name;
    throw UserError(read.path() + ": " + group + ": a name has letters, digits, _ and - alone, got " + quote(name));
}

/// Where a value is given, or the file as a whole.
Source source_of_value(const Recipe& read, const std::string& group, const char* leaf) {
    Source source = read.section(group).source(leaf);
    if (source.kind != Source::Kind::file) source = {Source::Kind::file, read.path(), 1};
    return source;
}

GridTask task_of(const Recipe& read, const std::string& group) {
    GridTask task = read.options<GridTask>(group);
    task.name = group_name(read, group);
    task.recipe_source = source_of_value(read, group, "recipe");
    task.place_source = source_of_value(read, group, "place");
    task.settings_source = source_of_value(read, group, "settings");
    const auto missing = [&](const char* what) { throw UserError(read.path() + ": " + group + what); };
    if (task.recipe.empty()) missing(".recipe is missing");
    if (task.pattern.empty()) missing(".pattern is missing: which attention pattern it scores");
    if (task.less_is_better.empty() && task.more_is_better.empty()) {
        missing(" has no metric: give less_is_better or more_is_better");
    }
    for (const std::string& metric : task.less_is_better) {
        const auto& others = task.more_is_better;
        if (std::find(others.begin(), others.end(), metric) != others.end()) {
            throw UserError(source_of_value(read, group, "more_is_better").text() + ": " + group +
                            ".more_is_better has " + metric + ", which is in less_is_better");
        }
    }
    // Relative to the file that names it, which may be one that the grid is based on.
    task.recipe =
        (std::filesystem::path(task.recipe_source.file).parent_path() / task.recipe).lexically_normal().string();
    return task;
}

GridType type_of(const Recipe& read, const std::string& group) {
    GridType type = read.options<GridType>(group);
    type.name = group_name(read, group);
    type.settings_source = source_of_value(read, group, "settings");
    const bool is_named = !type.type.empty();
    if (type.type.empty()) type.type = type.name;
    try {
        attention_type(type.type);
    } catch (const UserError& error) {
        const std::string where = is_named ? source_of_value(read, group, "type").text() : read.path();
        throw UserError(where + ": " + group + ": " + error.what());
    }
    return type;
}

void add_other_types(BenchmarkGrid& grid) {
    const std::vector<std::string> named = grid.type_names();
    for (const AttentionType& type : attention_types()) {
        if (std::find(named.begin(), named.end(), type.name) != named.end()) continue;
        GridType added;
        added.name = added.type = type.name;
        added.settings_source = grid.settings_source;
        grid.types.push_back(std::move(added));
    }
}

}  // namespace

void GridTask::describe(Fields& fields) {
    fields.add("recipe", recipe, "recipe file, from the folder of this file on");
    fields.add("settings", settings, "settings that replace those of the recipe");
    fields.add("place", place, "section of the recipe whose attention is exchanged");
    fields.add("pattern", pattern, "how attention is used there").choices(pattern_keys());
    fields.add("less_is_better", less_is_better, "metrics of the test set of which less is better");
    fields.add("more_is_better", more_is_better, "metrics of the test set of which more is better");
}

BenchmarkTask GridTask::benchmark_task() const {
    BenchmarkTask task = {name, *pattern_of_key(pattern), {}};
    for (const std::string& metric : less_is_better) task.metrics.push_back({metric, true});
    for (const std::string& metric : more_is_better) task.metrics.push_back({metric, false});
    return task;
}

void GridType::describe(Fields& fields) {
    fields.add("type", type, "attention type; empty: its name");
    fields.add("settings", settings, "settings of that type");
}

void BenchmarkGrid::describe(Fields& fields) {
    fields.add("title", title, "of the report");
    fields.add("baseline", baseline, "type that the others are compared with");
    fields.add("seeds", seeds, "seeds of each task and type").range(1, 1024);
    fields.add("first_seed", first_seed, "the least of them").range(0, 1e9);
    fields.add("all_types", all_types, "also all attention types that types does not name, as they are by default");
    fields.add("settings", settings, "settings that replace those of all recipes");
}

std::vector<std::string> BenchmarkGrid::type_names() const {
    std::vector<std::string> names;
    for (const GridType& type : types) names.push_back(type.name);
    return names;
}

BenchmarkGrid read_benchmark_grid(const std::string& file) {
    const std::vector<RecipeLevel> levels = file_levels(file, {"grid", "tasks"});
    const std::vector<std::string> tasks = named_groups(levels, tasks_section);
    const std::vector<std::string> types = named_groups(levels, types_section);
    RecipeSpec spec = {untyped_section<BenchmarkGrid>("", "The benchmark."),
                       untyped_section<NoSettings>(tasks_section.c_str(), "What is learnt."),
                       untyped_section<NoSettings>(types_section.c_str(), "Attention types.")};
    for (const std::string& name : tasks) spec.push_back(untyped_section<GridTask>(name.c_str(), "A task."));
    for (const std::string& name : types) spec.push_back(untyped_section<GridType>(name.c_str(), "A type."));
    const Recipe read = resolve_levels(spec, file, levels);
    BenchmarkGrid grid = read.options<BenchmarkGrid>("");
    grid.file = file;
    grid.settings_source = source_of_value(read, "", "settings");
    for (const std::string& name : tasks) grid.tasks.push_back(task_of(read, name));
    for (const std::string& name : types) grid.types.push_back(type_of(read, name));
    if (grid.tasks.empty()) throw UserError(file + ": expected tasks, found none");
    if (grid.all_types) add_other_types(grid);
    if (grid.types.empty()) throw UserError(file + ": expected types, found none");
    const std::vector<std::string> names = grid.type_names();
    if (std::find(names.begin(), names.end(), grid.baseline) == names.end()) {
        throw UserError(source_of_value(read, "", "baseline").text() + ": baseline expects one of the types " +
                        listed(names) + ", got " + quote(grid.baseline) + did_you_mean(grid.baseline, names));
    }
    return grid;
}

}  // namespace heed
