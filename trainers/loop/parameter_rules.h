#pragma once

#include <memory>
#include <string>
#include <vector>

#include "heed/core/module/parameter_store.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// What a recipe says about single parameters, each by a part of their names.
struct ParameterRules {
    ParameterStore::Selection frozen;    ///< train.freeze and what train.only leaves out
    ParameterStore::Selection no_decay;  ///< optimizer.no_decay
    ParameterStore::Factor lr_scale;     ///< optimizer.lr_scale
};

ParameterRules parameter_rules(const Recipe& recipe);

/// A store of the model's parameters as the recipe wants them treated. UserError when a name pattern fits no parameter
/// (with the nearest name), fits only a part of a packed one, or when nothing is left to be trained.
std::unique_ptr<ParameterStore> make_parameter_store(const Recipe& recipe, Context& context, Module& model);

}  // namespace heed
