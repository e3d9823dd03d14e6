#pragma once

#include "heed/apps/command_line.h"
#include "heed/trainers/comparison/comparison.h"

namespace heed {

/// Whether the targets of the command are folders of runs, not a recipe.
bool compares_runs(const CompareCommand& command);

/// Lays finished runs side by side. Throws UserError where they cannot be compared.
Comparison compare_runs(const CompareCommand& command);

}  // namespace heed
