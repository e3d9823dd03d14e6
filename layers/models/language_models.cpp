#include "heed/layers/models/language_models.h"

namespace heed {

std::span<const LanguageModelType> language_model_types() {
    static constexpr LanguageModelType types[] = {
        {.name = "language_model",
         .summary = "decoder-only transformer that says the next token of a text",
         .make_options = new_model_options<LanguageModelOptions>,
         .make =
             [](const Options& options, const StackAttention& attention, const LanguageGeometry& texts) {
                 return make_language_model(dynamic_cast<const LanguageModelOptions&>(options), attention, texts);
             }},
    };
    return types;
}

}  // namespace heed
