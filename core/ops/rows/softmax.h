#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// Softmax over the last axis. `lengths` (i32, one per entry of the first axis, or undefined) tells how many leading
/// elements of every row below that entry take part; the others are 0, and a row without any is all 0. Saves y.
Variable softmax(const Variable& x, const Tensor& lengths = Tensor());

}  // namespace heed
