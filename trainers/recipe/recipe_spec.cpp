#include "heed/trainers/recipe/recipe_spec.h"

#include "heed/attention/registry.h"
#include "heed/datasets/augment_options.h"
#include "heed/datasets/registry.h"
#include "heed/layers/models.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/optimizer_options.h"
#include "heed/trainers/recipe/run_options.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {
namespace {

template <class Registry>
std::vector<SectionChoice> choices_of(const Registry& registry) {
    std::vector<SectionChoice> choices;
    for (const auto& entry : registry) choices.push_back({entry.name, entry.summary, entry.make_options});
    return choices;
}

template <class T>
SectionSpec untyped(const char* name, const char* help) {
    return {name, help, "", "", {{"", "", new_options<T>}}};
}

SectionSpec training() {
    SectionSpec spec = untyped<TrainOptions>("train", "How long and in which order it is trained.");
    spec.alternatives = {{"epochs", "steps"}};
    return spec;
}

std::vector<SectionChoice> optimizers() {
    return {
        {"adamw", "Adam with decoupled weight decay", new_options<AdamWOptions>},
        {"adam", "Adam with weight decay in the gradient", new_options<AdamOptions>},
        {"rmsprop", "gradients divided by the root of their mean square", new_options<RmsPropOptions>},
        {"sgd", "stochastic gradient descent with momentum", new_options<SgdOptions>},
    };
}

}  // namespace

const RecipeSpec& recipe_spec() {
    static const RecipeSpec spec = {
        untyped<GeneralOptions>("", "Keys without a section."),
        {"model", "The model that is trained.", "type", "", choices_of(model_types())},
        {"attention", "The attention of all its layers.", "type", "sdpa", choices_of(attention_types())},
        {"data", "What it learns from.", "name", "", choices_of(image_data_sets())},
        untyped<AugmentOptions>("data.augment",
                                "How training images are changed at random; validation and test never are."),
        training(),
        {"optimizer", "How its weights are changed.", "type", "adamw", optimizers()},
        untyped<RunOptions>("run", "Where the results go."),
    };
    return spec;
}

}  // namespace heed
