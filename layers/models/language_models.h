#pragma once

#include <span>

#include "heed/layers/models/language_model.h"
#include "heed/layers/models/model_type.h"

namespace heed {

using LanguageModelType = ModelType<LanguageModel, StackAttention, LanguageGeometry>;

/// All language models, in the order in which they are shown.
std::span<const LanguageModelType> language_model_types();

}  // namespace heed
