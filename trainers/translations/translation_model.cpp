#include "heed/trainers/translations/translation_model.h"

#include "heed/layers/models/translation_models.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/placed.h"

namespace heed {

std::unique_ptr<Translator> make_translation_model(const Recipe& recipe, const TranslationGeometry& texts) {
    const Section& model = recipe.section("model");
    const TranslatorAttention attention = {attention_choice(recipe, "encoder"), attention_choice(recipe, "decoder"),
                                           attention_choice(recipe, "cross")};
    return placed(recipe, [&] {
        return find_model_type(translation_model_types(), model.choice()).make(model.options(), attention, texts);
    });
}

}  // namespace heed
