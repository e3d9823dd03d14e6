#pragma once

#include "heed/core/autograd/gradient_slot.h"

namespace heed {

/// Writes (or adds) the sum over the rows of x [..., width], of f32 or bf16, into a slot of shape [width]: the gradient
/// of a bias.
void column_sums(const Tensor& x, GradientSlot& slot);

}  // namespace heed
