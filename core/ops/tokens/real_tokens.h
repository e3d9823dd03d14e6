#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// x [batch, tokens, dim] with zeros from token lengths[b] (i32 [batch]) on, whatever stands there, NaN included; x
/// itself where lengths are undefined. Saves lengths.
Variable real_tokens(const Variable& x, const Tensor& lengths);

}  // namespace heed
