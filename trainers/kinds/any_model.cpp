#include "heed/trainers/kinds/any_model.h"

#include "heed/core/error.h"
#include "heed/layers/models/models.h"

namespace heed {

namespace {

AttentionChoice attention_of(const Recipe& recipe) {
    return {&attention_type(recipe.section("attention").choice()), &recipe.options<AttentionOptions>("attention")};
}

/// That of a place of a translator.
AttentionChoice attention_at(const Recipe& recipe, const std::string& section) {
    const std::string& type = recipe.section(section).choice();
    if (type == "same") return attention_of(recipe);
    return {&attention_type(type), &recipe.options<AttentionOptions>(section)};
}

/// Errors get the place of the setting that they name.
template <class Make>
auto placed(const Recipe& recipe, const Make& make) {
    try {
        return make(model_type(recipe.section("model").choice()), recipe.section("model").options());
    } catch (const UserError& error) {
        throw UserError(recipe.placed(error.what()));
    }
}

}  // namespace

std::unique_ptr<ImageClassifier> make_image_model(const Recipe& recipe, const ImageGeometry& images) {
    return placed(recipe, [&](const ModelType& type, const Options& options) {
        return type.make_image_classifier(options, attention_of(recipe), images);
    });
}

std::unique_ptr<TextClassifier> make_text_model(const Recipe& recipe, const TextGeometry& texts) {
    return placed(recipe, [&](const ModelType& type, const Options& options) {
        return type.make_text_classifier(options, attention_of(recipe), texts);
    });
}

std::unique_ptr<Translator> make_translation_model(const Recipe& recipe, const TranslationGeometry& texts) {
    const TranslatorAttention attention = {attention_at(recipe, "attention.encoder"),
                                           attention_at(recipe, "attention.decoder"),
                                           attention_at(recipe, "attention.cross")};
    return placed(recipe, [&](const ModelType& type, const Options& options) {
        return type.make_translator(options, attention, texts);
    });
}

Module& AnyModel::module() const {
    if (translations) return *translations;
    if (texts) return *texts;
    return *images;
}

AnyModel make_model(const Recipe& recipe, const DataFacts& facts) {
    AnyModel model;
    if (facts.translations) {
        model.translations = make_translation_model(recipe, facts.translation_geometry());
    } else if (facts.texts) {
        model.texts = make_text_model(recipe, facts.text_geometry());
    } else {
        model.images = make_image_model(recipe, facts.image_geometry());
    }
    return model;
}

}  // namespace heed
