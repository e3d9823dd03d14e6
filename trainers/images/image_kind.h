#pragma once

#include "heed/trainers/kinds/training_kind.h"

namespace heed {

/// Classification of images.
const TrainingKind& image_kind();

}  // namespace heed
