#pragma once

#include <memory>

#include "heed/layers/models/image_classifier.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// The model that a recipe describes, for images of that geometry. Not laid out yet. Throws UserError when the settings
/// do not fit each other or the images.
std::unique_ptr<ImageClassifier> make_image_model(const Recipe& recipe, const ImageGeometry& images);

}  // namespace heed
