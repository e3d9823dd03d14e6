#pragma once

#include <string>
#include <vector>

#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// Settings that may differ when a run is resumed: how long it trains, how often it looks and saves, where things lie,
/// and what they run on.
bool may_change_on_resume(const std::string& key);

/// Throws UserError, naming every setting that differs and may not, when `recipe` is not that of the run in `folder`,
/// whose checkpoint holds `stored`.
void check_resumable(const Recipe& recipe, const Recipe& stored, const std::string& folder);

/// The resolved recipe without the settings that say where things lie, for checkpoints.
std::string portable_recipe(const Recipe& recipe);

/// The resolved recipe for the run's folder, from which the run can be resumed wherever `heed` is called: data.root and
/// init are absolute paths, and the run has the name `name`.
std::string run_recipe(const Recipe& recipe, const std::string& name);

}  // namespace heed
