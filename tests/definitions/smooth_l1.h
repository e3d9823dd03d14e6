#pragma once

#include "heed/tests/definitions/values.h"

namespace heed::definitions {

/// The loss of Huber (1964) over its delta, summed over all predictions and their targets, each times its weight
/// (empty: 1); with delta 0 the absolute error.
double smooth_l1(const Values& predictions, const Values& targets, double delta, const Values& weights = {});

}  // namespace heed::definitions
