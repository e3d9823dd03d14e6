#include "heed/trainers/translations/translation_model.h"

#include "heed/layers/models/translation_models.h"
#include "heed/trainers/kinds/recipe_model.h"
#include "heed/trainers/recipe/attention_choice.h"

namespace heed {

std::unique_ptr<Translator> make_translation_model(const Recipe& recipe, const TranslationGeometry& texts) {
    const TranslatorAttention attention = {stack_attention(recipe, "encoder"), stack_attention(recipe, "decoder"),
                                           stack_attention(recipe, "cross")};
    return make_recipe_model(recipe, translation_model_types(), attention, texts);
}

}  // namespace heed
