#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// Batched matrix product of a [..., m, k] and b [..., k, n] (or b [..., n, k] with transpose_b) with equal leading
/// axes:
/// [..., m, n]. Saves a and b.
Variable matmul(const Variable& a, const Variable& b, bool transpose_b = false);

}  // namespace heed
