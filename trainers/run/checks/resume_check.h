#pragma once

#include <string>
#include <vector>

#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// Settings that may differ when a run is resumed: how long it trains, how often it looks and saves, where things lie,
/// and what they run on.
bool may_differ_on_resume(const std::string& key);

/// Further settings, which only an explicit `--change` changes: what a step does, but neither what is trained on which
/// data nor in which order.
bool may_be_changed(const std::string& key);

/// A setting that differs from the run's.
struct SettingChange {
    std::string key, from, to;
};

/// What `changes` ("optimizer.lr=0.01") change. Throws UserError, naming every setting that differs and may not, when
/// `recipe` is not that of the run in `folder`, whose checkpoint holds `stored`, or a change cannot be made.
std::vector<SettingChange> check_resumable(const Recipe& recipe, const Recipe& stored, const std::string& folder,
                                           const std::vector<std::string>& changes);

/// The resolved recipe without the settings that say where things lie, for checkpoints.
std::string portable_recipe(const Recipe& recipe);

/// How a run was begun, as the recipe in its folder tells.
struct RunBeginning {
    std::string name;
    std::string init;  ///< absolute, or empty
};

/// That of a new run with this recipe.
RunBeginning new_beginning(const Recipe& recipe);

/// That of the run in `folder` which goes on with `recipe`. Throws UserError where the recipe gives it another name or
/// other weights to start from.
RunBeginning known_beginning(const Recipe& recipe, const std::string& folder);

/// The resolved recipe for the run's folder, from which the run can be resumed wherever `heed` is called: data.root is
/// an absolute path, and name and init are those of its beginning.
std::string run_recipe(const Recipe& recipe, const RunBeginning& beginning);

}  // namespace heed
