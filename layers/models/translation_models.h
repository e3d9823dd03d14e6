#pragma once

#include <span>

#include "heed/layers/models/model_type.h"
#include "heed/layers/models/translator.h"

namespace heed {

using TranslationModelType = ModelType<Translator, TranslatorAttention, TranslationGeometry>;

/// All models that translate, in the order in which they are shown.
std::span<const TranslationModelType> translation_model_types();

}  // namespace heed
