#pragma once

#include <memory>

#include "heed/layers/models/text_classifier.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// The model that a recipe describes, for texts of that geometry. Not laid out yet. Throws UserError when the settings
/// do not fit each other or the texts.
std::unique_ptr<TextClassifier> make_text_model(const Recipe& recipe, const TextGeometry& texts);

}  // namespace heed
