#pragma once

#include "heed/tests/definitions/values.h"

namespace heed::definitions {

/// Rows of x [rows, width] shifted to mean 0, divided by sqrt(variance + epsilon), times gain plus bias [width].
Values layer_norm(const Values& x, const Values& gain, const Values& bias, double epsilon);

/// Softmax of each row of x [rows, width] over its first lengths[row] elements (all when empty); the others are 0.
Values softmax(const Values& x, int64_t width, const Integers& lengths);

}  // namespace heed::definitions
