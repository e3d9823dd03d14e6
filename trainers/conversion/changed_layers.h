#pragma once

#include <string>
#include <vector>

#include "heed/core/module/module.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// What of a model is swapped where its recipe, `before`, becomes `now`: the names of the attention layers that get
/// another type, or other settings. `model` is of either recipe and has its names.
std::vector<std::string> changed_layers(const Recipe& before, const Recipe& now, Module& model);

/// Why no layer of a model gets another type: an error's text, which names what the model has.
std::string no_layer_changes(const Recipe& before);

/// A remark where types are asked for and every layer that they are for has them already; empty where layers change or
/// none was asked for. Throws UserError where types were asked for that reach no layer, as all have one of their own.
std::string check_asked_types(const std::vector<std::string>& settings, const Recipe& before, const Recipe& now,
                              Module& model);

}  // namespace heed
