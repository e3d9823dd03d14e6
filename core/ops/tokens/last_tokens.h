#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// The last `count` tokens of each sequence, x [batch, tokens, dim] -> [batch, count, dim]. Saves nothing. Throws Error
/// where there are fewer.
Variable last_tokens(const Variable& x, int64_t count);

}  // namespace heed
