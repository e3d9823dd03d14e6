#include "heed/trainers/images/image_model.h"

#include "heed/layers/models/image_models.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/placed.h"

namespace heed {

std::unique_ptr<ImageClassifier> make_image_model(const Recipe& recipe, const ImageGeometry& images) {
    const Section& model = recipe.section("model");
    return placed(recipe, [&] {
        return find_model_type(image_model_types(), model.choice())
            .make(model.options(), attention_choice(recipe), images);
    });
}

}  // namespace heed
