#include "heed/trainers/kinds/registry.h"

#include "heed/core/error.h"
#include "heed/trainers/forecasts/forecast_kind.h"
#include "heed/trainers/images/image_kind.h"
#include "heed/trainers/language_models/language_kind.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/texts/text_kind.h"
#include "heed/trainers/translations/translation_kind.h"

namespace heed {

std::span<const TrainingKind* const> training_kinds() {
    static const TrainingKind* const kinds[] = {&image_kind(), &text_kind(), &translation_kind(), &language_kind(),
                                                &forecast_kind()};
    return kinds;
}

const TrainingKind& kind_of(const Recipe& recipe) {
    for (const SectionSpec& spec : recipe_spec()) {
        if (!spec.decides_kind) continue;
        const std::string& name = spec.find(recipe.section(spec.name).choice())->kind;
        for (const TrainingKind* kind : training_kinds()) {
            if (kind->name() == name) return *kind;
        }
    }
    throw Error("the data are of no kind that is known");
}

}  // namespace heed
