#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// Swaps the two middle axes: [batch, tokens, heads, head_dim] <-> [batch, heads, tokens, head_dim]. Saves nothing.
Variable permute_heads(const Variable& x);

}  // namespace heed
