#include "heed/layers/models/text_models.h"

namespace heed {

std::span<const TextModelType> text_model_types() {
    static constexpr TextModelType types[] = {
        {.name = "text_classifier",
         .summary = "transformer encoder over the words of a text, a pooled vector, a head",
         .make_options = new_model_options<TextClassifierOptions>,
         .make =
             [](const Options& options, const StackAttention& attention, const TextGeometry& texts) {
                 return make_text_classifier(dynamic_cast<const TextClassifierOptions&>(options), attention, texts);
             }},
    };
    return types;
}

}  // namespace heed
