#pragma once

#include <span>

#include "heed/trainers/kinds/training_kind.h"

namespace heed {

/// All kinds of training, in the order in which their models and data sets are shown.
std::span<const TrainingKind* const> training_kinds();

/// The kind to which the data of a recipe belong.
const TrainingKind& kind_of(const Recipe& recipe);

}  // namespace heed
