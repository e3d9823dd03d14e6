#pragma once

#include "heed/trainers/kinds/training_kind.h"

namespace heed {

/// Translation of sentences.
const TrainingKind& translation_kind();

}  // namespace heed
