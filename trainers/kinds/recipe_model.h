#pragma once

#include <span>

#include "heed/layers/models/model_type.h"
#include "heed/trainers/recipe/placed.h"

namespace heed {

/// The model that a recipe chooses out of a registry of models (ModelType). Not laid out yet. Throws UserError, with
/// the place of the setting, when the settings do not fit each other, the attention or the data.
template <class Type, class Attention, class Geometry>
auto make_recipe_model(const Recipe& recipe, std::span<const Type> types, const Attention& attention,
                       const Geometry& geometry) {
    const Section& model = recipe.section("model");
    return placed(recipe,
                  [&] { return find_model_type(types, model.choice()).make(model.options(), attention, geometry); });
}

}  // namespace heed
