#pragma once

#include "heed/core/tensor/tensor.h"

namespace heed {

/// sum += x, equal shapes, f32. No autograd: it is how gradients are added up.
void accumulate(Tensor& sum, const Tensor& x);

}  // namespace heed
