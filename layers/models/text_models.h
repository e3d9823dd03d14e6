#pragma once

#include <span>

#include "heed/layers/models/model_type.h"
#include "heed/layers/models/text_classifier.h"

namespace heed {

using TextModelType = ModelType<TextClassifier, StackAttention, TextGeometry>;

/// All models that classify texts, in the order in which they are shown.
std::span<const TextModelType> text_model_types();

}  // namespace heed
