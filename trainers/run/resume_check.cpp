#include "heed/trainers/run/resume_check.h"

#include <filesystem>
#include <map>

#include "heed/core/error.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/recipe_spec.h"

namespace heed {

bool may_change_on_resume(const std::string& key) {
    static const std::string keys[] = {"init",
                                       "threads",
                                       "data.root",
                                       "train.epochs",
                                       "train.steps",
                                       "train.patience",
                                       "train.eval_every",
                                       "train.checkpoint_every",
                                       "train.watch_every"};
    for (const std::string& allowed : keys) {
        if (key == allowed) return true;
    }
    return key.starts_with("run.");
}

void check_resumable(const Recipe& recipe, const Recipe& stored, const std::string& folder) {
    std::map<std::string, std::string> before;
    for (const Setting& setting : stored.explain()) before[setting.key] = setting.value;
    std::string differences;
    for (const Setting& setting : recipe.explain()) {
        auto old = before.find(setting.key);
        const std::string was = old == before.end() ? "absent" : old->second;
        if (was == setting.value || may_change_on_resume(setting.key)) continue;
        differences += (differences.empty() ? "" : "; ") + setting.key + " was " + was + ", is now " + setting.value +
                       " (" + setting.source + ")";
    }
    if (!differences.empty()) {
        throw UserError("the run in " + folder + " was started with other settings: " + differences +
                        "; give the old values, or start a new run without --resume");
    }
}

std::string portable_recipe(const Recipe& recipe) {
    const std::vector<std::string> emptied = {"data.root=", "run.dir=", "run.name=", "init="};
    return parse_recipe(recipe_spec(), recipe.resolved_yaml(), recipe.path(), emptied).resolved_yaml();
}

std::string run_recipe(const Recipe& recipe, const std::string& name) {
    const auto absolute = [](const std::string& path) {
        return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
    };
    const std::vector<std::string> changes = {"data.root=" + absolute(recipe.value("data", "root")),
                                              "init=" + absolute(recipe.options<GeneralOptions>("").init),
                                              "run.name=" + name};
    return parse_recipe(recipe_spec(), recipe.resolved_yaml(), recipe.path(), changes).resolved_yaml();
}

}  // namespace heed
