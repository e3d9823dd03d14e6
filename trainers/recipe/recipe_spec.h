#pragma once

#include "heed/trainers/recipe/section_spec.h"

namespace heed {

/// Everything that Heed's recipes can say. The types of models, attention and data come from their registries.
const RecipeSpec& recipe_spec();

}  // namespace heed
