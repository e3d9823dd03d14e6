#pragma once

#include "heed/core/tensor/tensor.h"

namespace heed {

/// sum += x, equal shapes, both f32 or both bf16, whose sums are rounded. No autograd: it is how gradients are added
/// up.
void accumulate(Tensor& sum, const Tensor& x);

}  // namespace heed
