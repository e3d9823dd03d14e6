#include "heed/trainers/kinds/registry.h"

#include "heed/core/error.h"
#include "heed/trainers/images/image_kind.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/texts/text_kind.h"
#include "heed/trainers/translations/translation_kind.h"

namespace heed {

std::span<const TrainingKind* const> training_kinds() {
    static const TrainingKind* const kinds[] = {&image_kind(), &text_kind(), &translation_kind()};
    return kinds;
}

const TrainingKind& kind_of(const Recipe& recipe) {
    const std::string name = data_kind_of(recipe);
    for (const TrainingKind* kind : training_kinds()) {
        if (kind->name() == name) return *kind;
    }
    throw Error("the data are of no kind that is known: " + name);
}

}  // namespace heed
