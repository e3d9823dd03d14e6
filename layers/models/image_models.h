#pragma once

#include <span>

#include "heed/attention/stack_attention.h"
#include "heed/layers/models/image_classifier.h"
#include "heed/layers/models/model_type.h"

namespace heed {

using ImageModelType = ModelType<ImageClassifier, StackAttention, ImageGeometry>;

/// All models that classify images, in the order in which they are shown.
std::span<const ImageModelType> image_model_types();

}  // namespace heed
