#pragma once

#include <memory>

#include "heed/layers/models/translator.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// The model that a recipe describes, for texts of that geometry. Not laid out yet. Throws UserError when the settings
/// do not fit each other or the texts.
std::unique_ptr<Translator> make_translation_model(const Recipe& recipe, const TranslationGeometry& texts);

}  // namespace heed
