#pragma once

#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// Everything that Heed's recipes can say. The types of models, attention and data come from their registries.
const RecipeSpec& recipe_spec();

}  // namespace heed
