#pragma once

#include <memory>

#include "heed/layers/models/image_classifier.h"
#include "heed/layers/models/text_classifier.h"
#include "heed/layers/models/translator.h"
#include "heed/trainers/kinds/data_facts.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// The model that a recipe describes, for data of one kind. Not laid out yet. Throws UserError when the settings do not
/// fit each other or the data.
std::unique_ptr<ImageClassifier> make_image_model(const Recipe& recipe, const ImageGeometry& images);
std::unique_ptr<TextClassifier> make_text_model(const Recipe& recipe, const TextGeometry& texts);
std::unique_ptr<Translator> make_translation_model(const Recipe& recipe, const TranslationGeometry& texts);

/// A model of one of the kinds that Heed trains: exactly one of them is there.
struct AnyModel {
    std::unique_ptr<ImageClassifier> images;
    std::unique_ptr<TextClassifier> texts;
    std::unique_ptr<Translator> translations;

    Module& module() const;
};

/// The model that a recipe describes, for data of these facts. Not laid out yet. Errors as above.
AnyModel make_model(const Recipe& recipe, const DataFacts& facts);

}  // namespace heed
