#pragma once

#include "heed/tests/definitions/values.h"

namespace heed::definitions {

/// y = x W^T + b: x [rows, in], weight [out, in], bias [out] or empty.
Values linear(const Values& x, const Values& weight, const Values& bias, int64_t in, int64_t out);

/// Products of `batch` pairs: a [batch, m, k] and b [batch, k, n], or b [batch, n, k] when transposed.
Values matmul(const Values& a, const Values& b, int64_t batch, int64_t m, int64_t k, int64_t n, bool transpose_b);

/// [batch, first, second, inner] -> [batch, second, first, inner]
Values swap_middle_axes(const Values& x, int64_t batch, int64_t first, int64_t second, int64_t inner);

}  // namespace heed::definitions
