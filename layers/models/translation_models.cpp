#include "heed/layers/models/translation_models.h"

namespace heed {

std::span<const TranslationModelType> translation_model_types() {
    static constexpr TranslationModelType types[] = {
        {.name = "translator",
         .summary = "encoder-decoder transformer from one language to another",
         .make_options = new_model_options<TranslatorOptions>,
         .make =
             [](const Options& options, const TranslatorAttention& attention, const TranslationGeometry& texts) {
                 return make_translator(dynamic_cast<const TranslatorOptions&>(options), attention, texts);
             }},
    };
    return types;
}

}  // namespace heed
