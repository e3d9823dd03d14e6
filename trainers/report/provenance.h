#pragma once

#include <string>
#include <utility>
#include <vector>

#include "heed/trainers/recipe/recipe.h"
#include "heed/trainers/report/charts/history.h"

namespace heed {

/// The settings of a recipe whose values are not the defaults, as key and value; without those that say where data and
/// run lie.
std::vector<std::pair<std::string, std::string>> settings_not_default(const Recipe& recipe);

/// The section on how the run came about: the calls of the program and these settings. It names no time, host or user.
/// Empty where nothing is known.
std::string provenance_html(const std::vector<RunCall>& calls,
                            const std::vector<std::pair<std::string, std::string>>& settings);

}  // namespace heed
