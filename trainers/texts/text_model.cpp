#include "heed/trainers/texts/text_model.h"

#include "heed/layers/models/text_models.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/placed.h"

namespace heed {

std::unique_ptr<TextClassifier> make_text_model(const Recipe& recipe, const TextGeometry& texts) {
    const Section& model = recipe.section("model");
    return placed(recipe, [&] {
        return find_model_type(text_model_types(), model.choice())
            .make(model.options(), attention_choice(recipe), texts);
    });
}

}  // namespace heed
