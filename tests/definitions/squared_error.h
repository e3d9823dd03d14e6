#pragma once

#include "heed/tests/definitions/values.h"

namespace heed::definitions {

/// (x - y)^2, summed over all predictions x and their targets y, each times its weight (empty: 1).
double squared_error(const Values& predictions, const Values& targets, const Values& weights = {});

}  // namespace heed::definitions
