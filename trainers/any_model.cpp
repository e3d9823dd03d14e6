#include "heed/trainers/any_model.h"

#include "heed/core/error.h"
#include "heed/layers/models.h"

namespace heed {

std::unique_ptr<ImageClassifier> make_image_model(const Recipe& recipe, const ImageGeometry& images) {
    AttentionChoice attention;
    attention.type = &attention_type(recipe.section("attention").choice());
    attention.options = &recipe.options<AttentionOptions>("attention");
    const Section& model = recipe.section("model");
    try {
        return model_type(model.choice()).make_image_classifier(model.options(), attention, images);
    } catch (const UserError& error) {
        throw UserError(recipe.placed(error.what()));
    }
}

AnyModel make_model(const Recipe& recipe, const DataFacts& facts) {
    return {make_image_model(recipe, facts.image_geometry())};
}

}  // namespace heed
