#include "heed/trainers/texts/text_model.h"

#include "heed/layers/models/text_models.h"
#include "heed/trainers/kinds/recipe_model.h"
#include "heed/trainers/recipe/attention_choice.h"

namespace heed {

std::unique_ptr<TextClassifier> make_text_model(const Recipe& recipe, const TextGeometry& texts) {
    return make_recipe_model(recipe, text_model_types(), stack_attention(recipe), texts);
}

}  // namespace heed
