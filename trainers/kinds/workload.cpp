#include "heed/trainers/kinds/workload.h"

#include "heed/trainers/images/image_workload.h"
#include "heed/trainers/kinds/data_kind.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/texts/text_workload.h"
#include "heed/trainers/translations/translation_workload.h"

namespace heed {

std::unique_ptr<Workload> make_workload(const Recipe& recipe, Context& context, const DataFacts* known) {
    if (data_kind_of(recipe) == data_kind::texts) return std::make_unique<TextWorkload>(recipe, context, known);
    if (data_kind_of(recipe) == data_kind::translations) {
        return std::make_unique<TranslationWorkload>(recipe, context, known);
    }
    return std::make_unique<ImageWorkload>(recipe, context);
}

std::unique_ptr<Workload> make_workload(TrainedModel& trained, Context& context) {
    if (trained.model.texts) return std::make_unique<TextWorkload>(trained, context);
    if (trained.model.translations) return std::make_unique<TranslationWorkload>(trained, context);
    return std::make_unique<ImageWorkload>(trained, context);
}

}  // namespace heed
