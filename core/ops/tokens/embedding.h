#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// Rows of a table: table [vocabulary, dim], ids (i32, any shape) -> [..., dim], times `scale`. Saves the ids.
/// Throws Error when an id is not in [0, vocabulary).
Variable embedding(const Variable& table, const Tensor& ids, float scale = 1.0f);

}  // namespace heed
