#include "heed/trainers/comparison/plan.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "heed/attention/registry.h"
#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/setting_key.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/run/run_folder.h"
#include "heed/trainers/run/run_target.h"

namespace heed {

namespace {

constexpr std::string_view all_attention = "attention.";
constexpr const char* seed_key = "train.seed";  // that of the first run, from which the others count

/// The settings that a type has: "dropout", "cluster".
std::vector<std::string> names_of_settings(const std::string& type) {
    const std::unique_ptr<Options> options = attention_type(type).make_options();
    Fields fields;
    options->describe(fields);
    return fields.names();
}

/// The setting of the attention of all layers that a key names: "cluster" of "attention.cluster"; empty for others.
std::string leaf_for_all_layers(const std::string& key) {
    if (!key.starts_with(all_attention)) return "";
    const std::string leaf = key.substr(all_attention.size());
    return leaf.find('.') == std::string::npos ? leaf : "";
}

bool has_setting(const std::string& type, const std::string& leaf) {
    const std::vector<std::string> names = names_of_settings(type);
    return std::find(names.begin(), names.end(), leaf) != names.end();
}

void check_override(const ComparisonRequest& request, const std::string& setting) {
    const std::string key = setting_key(setting);
    if (key != seed_key) check_not_decided(key);
    const std::string leaf = leaf_for_all_layers(key);
    if (leaf.empty()) return;
    std::vector<std::string> names;
    for (const std::string& type : request.types) {
        const std::vector<std::string> own = names_of_settings(type);
        names.insert(names.end(), own.begin(), own.end());
    }
    if (std::find(names.begin(), names.end(), leaf) != names.end()) return;
    throw UserError(key + ": none of " + listed(request.types) + " has such a setting" + did_you_mean(leaf, names));
}

std::vector<std::string> distinct_types(const std::vector<std::string>& types) {
    for (size_t i = 0; i < types.size(); ++i) {
        attention_type(types[i]);
        if (std::find(types.begin(), types.begin() + static_cast<std::ptrdiff_t>(i), types[i]) !=
            types.begin() + static_cast<std::ptrdiff_t>(i)) {
            throw UserError("--attention names " + types[i] + " twice");
        }
    }
    return types;
}

/// As part of the name of a folder.
std::string folder_name(const std::vector<std::string>& settings) {
    std::string name;
    for (const std::string& setting : settings) name += (name.empty() ? "" : ",") + setting;
    std::replace(name.begin(), name.end(), '/', '_');
    return name;
}

/// Settings that say how a run is made, not what it is.
bool says_how(const std::string& key) {
    return key == "threads" || key == "data.root" || key == "train.test" || key.starts_with("run.");
}

std::string value_text_of(const Setting& setting) {
    if (setting.key != "init" || setting.value.empty()) return setting.value;
    return std::filesystem::absolute(setting.value).lexically_normal().string();
}

}  // namespace

void check_not_decided(const std::string& key) {
    const std::map<std::string, const char*> decided = {{"attention.type", "--attention names the types"},
                                                        {seed_key, "--seeds says how many are counted from it on"},
                                                        {"run.dir", "--dir names the folder"},
                                                        {"run.name", "--name names the comparison"},
                                                        {"train.test", "the test set is read once, by all its runs"}};
    if (const auto found = decided.find(key); found != decided.end()) {
        throw UserError(key + " is decided by the comparison: " + found->second);
    }
}

std::string PlannedRun::text() const {
    std::string text = (task.empty() ? "" : task + ", ") + type + ", seed " + std::to_string(seed);
    for (const std::string& setting : chosen) text += ", " + setting;
    return text;
}

ComparisonPlan::ComparisonPlan(ComparisonRequest request)
    : request_(std::move(request)), recipe_([this] {
          distinct_types(request_.types);
          for (const std::string& setting : request_.overrides) check_override(request_, setting);
          return read_recipe(recipe_spec(), request_.recipe, settings_of(request_.types.front()));
      }()) {
    const int64_t first = recipe_.options<TrainOptions>("train").seed;
    for (int64_t i = 0; i < request_.seeds; ++i) seeds_.push_back(first + i);
    for (const std::string& type : request_.types) recipe_of(run(type, first, {}, true));
}

std::vector<std::string> ComparisonPlan::settings_of(const std::string& type) const {
    std::vector<std::string> settings;
    for (const std::string& setting : request_.overrides) {
        const std::string leaf = leaf_for_all_layers(setting_key(setting));
        if (leaf.empty() || has_setting(type, leaf)) settings.push_back(setting);
    }
    settings.push_back("attention.type=" + type);
    return settings;
}

PlannedRun ComparisonPlan::run(const std::string& type, int64_t seed, const std::vector<std::string>& chosen,
                               bool test) const {
    PlannedRun run;
    run.recipe = request_.recipe;
    run.type = type;
    run.seed = seed;
    run.chosen = chosen;
    run.test = test;
    run.folder = request_.folder + "/" + type;
    if (!chosen.empty()) run.folder += "/" + folder_name(chosen);
    run.folder += "/seed-" + std::to_string(seed);
    run.settings = settings_of(type);
    std::erase_if(run.settings, [](const std::string& setting) { return setting_key(setting) == seed_key; });
    run.settings.insert(run.settings.end(), chosen.begin(), chosen.end());
    run.settings.push_back(std::string(seed_key) + "=" + std::to_string(seed));
    if (!test) run.settings.emplace_back("train.test=false");
    run.settings.push_back("run.dir=" + run.folder);
    return run;
}

Recipe ComparisonPlan::recipe_of(const PlannedRun& run) const {
    return read_recipe(recipe_spec(), request_.recipe, run.settings);
}

void ComparisonPlan::check_folder(const PlannedRun& run) const {
    const std::string differences = changed_settings(run.folder, recipe_of(run));
    if (differences.empty()) return;
    throw UserError("the comparison in " + request_.folder + " was begun with other settings: " + differences +
                    "; give the old values, or another folder by --dir");
}

bool is_done(const PlannedRun& run) {
    const RunPaths paths(run.folder);
    if (run_state(paths) != RunState::finished) return false;
    return !run.test || read_recipe(recipe_spec(), paths.recipe(), {}).options<TrainOptions>("train").test;
}

std::string changed_settings(const std::string& folder, const Recipe& now) {
    const RunPaths paths(folder);
    if (!path_exists(paths.recipe())) return "";
    const Recipe before = read_recipe(recipe_spec(), paths.recipe(), {});
    std::map<std::string, std::string> values;
    for (const Setting& setting : before.explain()) values[setting.key] = value_text_of(setting);
    std::string differences;
    for (const Setting& setting : now.explain()) {
        const auto old = values.find(setting.key);
        const std::string was = old == values.end() ? "absent" : old->second;
        if (says_how(setting.key) || was == value_text_of(setting)) continue;
        differences += (differences.empty() ? "" : "; ") + setting.key + " was " + was + ", is now " +
                       value_text_of(setting) + " (" + setting.source + ")";
    }
    return differences;
}

std::string comparison_folder(const std::string& recipe, const std::string& name) {
    if (!name.empty()) return "runs/compare/" + name;
    return "runs/compare/" + default_run_name(recipe);
}

}  // namespace heed
