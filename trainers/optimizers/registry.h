#pragma once

#include <vector>

#include "heed/trainers/recipe/section_spec.h"

namespace heed {

/// The optimizers that a recipe can choose from, each with the options (derived from OptimizerOptions) that make it.
const std::vector<SectionChoice>& optimizer_types();

}  // namespace heed
