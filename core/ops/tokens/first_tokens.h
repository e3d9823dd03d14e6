#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// The first `count` tokens of each sequence, x [batch, tokens, dim] -> [batch, count, dim]; x itself where there are
/// no more. Saves nothing. Throws Error where there are fewer.
Variable first_tokens(const Variable& x, int64_t count);

}  // namespace heed
