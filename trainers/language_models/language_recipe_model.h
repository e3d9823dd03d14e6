#pragma once

#include <memory>
#include <string>

#include "heed/layers/models/language_model.h"
#include "heed/trainers/language_models/language_facts.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// The model that a recipe describes, for texts of these facts; it reads windows of training and of data.eval_context.
/// Not laid out yet. Throws UserError when the settings do not fit each other or the texts: learned positions know no
/// place behind those of training.
std::unique_ptr<LanguageModel> make_language_model(const Recipe& recipe, const LanguageDataFacts& facts);

/// Throws UserError where the recipe's model is a masked one, which cannot do what `command` asks.
void refuse_masked(const Recipe& recipe, const std::string& command);

}  // namespace heed
