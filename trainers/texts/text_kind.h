#pragma once

#include "heed/trainers/kinds/training_kind.h"

namespace heed {

/// Classification of texts, with one label or any number of them.
const TrainingKind& text_kind();

}  // namespace heed
