#pragma once

#include "heed/trainers/kinds/training_kind.h"

namespace heed {

/// Language models.
const TrainingKind& language_kind();

}  // namespace heed
