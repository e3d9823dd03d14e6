#include "heed/trainers/images/image_model.h"

#include "heed/layers/models/image_models.h"
#include "heed/trainers/kinds/recipe_model.h"
#include "heed/trainers/recipe/attention_choice.h"

namespace heed {

std::unique_ptr<ImageClassifier> make_image_model(const Recipe& recipe, const ImageGeometry& images) {
    return make_recipe_model(recipe, image_model_types(), stack_attention(recipe), images);
}

}  // namespace heed
