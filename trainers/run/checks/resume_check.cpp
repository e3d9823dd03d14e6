#include "heed/trainers/run/checks/resume_check.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/run_options.h"
#include "heed/trainers/recipe/setting_key.h"
#include "heed/trainers/run/run_folder.h"
#include "heed/trainers/run/run_target.h"

namespace heed {

namespace {

/// Whether one of the patterns fits: a key, or what begins with the part before a "*".
bool is_listed(const std::string& key, const std::vector<std::string>& patterns) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
        const bool open = pattern.ends_with('*');
        return open ? key.starts_with(pattern.substr(0, pattern.size() - 1)) : key == pattern;
    });
}

const std::vector<std::string>& changeable() {
    static const std::vector<std::string> patterns = {"optimizer.*",
                                                      "train.clip",
                                                      "train.label_smoothing",
                                                      "train.classes.*",
                                                      "data.augment.*",
                                                      "decoding.*",
                                                      "model.dropout",
                                                      "model.drop_path",
                                                      "model.token_dropout",
                                                      "attention.dropout",
                                                      "attention.encoder.dropout",
                                                      "attention.decoder.dropout",
                                                      "attention.cross.dropout"};
    return patterns;
}

std::string absolute_path(const std::string& path) {
    return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

std::map<std::string, std::string> values_of(const Recipe& recipe) {
    std::map<std::string, std::string> values;
    for (const Setting& setting : recipe.explain()) values[setting.key] = setting.value;
    return values;
}

}  // namespace

bool may_differ_on_resume(const std::string& key) {
    return is_listed(key, {"init", "init_strict", "threads", "data.root", "train.epochs", "train.steps",
                           "train.patience", "train.eval_every", "train.eval_steps", "train.checkpoint_every",
                           "train.watch_every", "train.rank_timeout", "train.shard_optimizer", "train.average_best",
                           "train.test", "distill.teacher", "run.*"});
}

bool may_be_changed(const std::string& key) {
    return key != "optimizer.type" && is_listed(key, changeable());
}

std::vector<SettingChange> check_resumable(const Recipe& recipe, const Recipe& stored, const std::string& folder,
                                           const std::vector<std::string>& changes) {
    std::vector<std::string> changed;
    for (const std::string& change : changes) changed.push_back(setting_key(change));
    for (const std::string& key : changed) {
        if (may_be_changed(key) || (may_differ_on_resume(key) && key != "init" && key != "run.name")) continue;
        throw UserError("--change " + key + ": a run cannot go on with another value; what can be changed is " +
                        listed(changeable(), ", ") + " (optimizer.type excepted)");
    }
    const std::map<std::string, std::string> before = values_of(stored);
    std::vector<SettingChange> made;
    std::string differences, ways_out;
    for (const Setting& setting : recipe.explain()) {
        const auto old = before.find(setting.key);
        const std::string was = old == before.end() ? "absent" : old->second;
        if (was == setting.value) continue;
        if (std::find(changed.begin(), changed.end(), setting.key) != changed.end()) {
            if (!setting.key.starts_with("run.") && setting.key != "data.root") {
                made.push_back({setting.key, was, setting.value});
            }
            continue;
        }
        if (may_differ_on_resume(setting.key)) continue;
        differences += (differences.empty() ? "" : "; ") + setting.key + " was " + was + ", is now " + setting.value +
                       " (" + setting.source + ")";
        if (may_be_changed(setting.key)) ways_out += " --change " + setting.key + "=" + setting.value;
    }
    if (differences.empty()) return made;
    throw UserError("the run in " + folder + " was started with other settings: " + differences +
                    "; give the old values, " + (ways_out.empty() ? "" : "change the run by" + ways_out + ", ") +
                    "or start a new run without --resume");
}

std::string portable_recipe(const Recipe& recipe) {
    const std::vector<std::string> emptied = {
        "data.root=", "run.dir=", "run.name=", "init=", "init_strict=true", "distill.teacher="};
    return parse_recipe(recipe_spec(), recipe.resolved_yaml(), recipe.path(), emptied).resolved_yaml();
}

RunBeginning new_beginning(const Recipe& recipe) {
    return {std::filesystem::path(runs_folder(recipe)).filename().string(),
            absolute_path(recipe.options<GeneralOptions>("").init)};
}

RunBeginning known_beginning(const Recipe& recipe, const std::string& folder) {
    RunBeginning known = new_beginning(recipe);
    known.init.clear();
    if (const std::string file = RunPaths(folder).recipe(); path_exists(file)) {
        const Recipe recorded = read_recipe(recipe_spec(), file, {});
        known = {recorded.options<RunOptions>("run").name, recorded.options<GeneralOptions>("").init};
    }
    const std::string& name = recipe.options<RunOptions>("run").name;
    if (!name.empty() && name != known.name) {
        throw UserError(recipe.placed("run.name: the run in " + folder + " is called " + known.name +
                                      " and keeps its name, got " + name));
    }
    const std::string init = absolute_path(recipe.options<GeneralOptions>("").init);
    if (!init.empty() && init != known.init) {
        throw UserError("init: the run in " + folder + " was started from " +
                        (known.init.empty() ? "random weights" : known.init) + " and goes on from its own state, got " +
                        init + "; to start from other weights, begin a new run without --resume");
    }
    return known;
}

std::string run_recipe(const Recipe& recipe, const RunBeginning& beginning) {
    const std::vector<std::string> changes = {"data.root=" + absolute_path(recipe.value("data", "root")),
                                              "init=" + beginning.init, "run.name=" + beginning.name,
                                              "distill.teacher=" + absolute_path(recipe.value("distill", "teacher"))};
    return parse_recipe(recipe_spec(), recipe.resolved_yaml(), recipe.path(), changes).resolved_yaml();
}

}  // namespace heed
