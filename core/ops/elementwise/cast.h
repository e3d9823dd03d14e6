#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// x of f32 or bf16 as that type: x itself where it is, rounded to nearest where it becomes bf16. Saves nothing;
/// backward casts the gradient to the type of x.
Variable cast(const Variable& x, DType dtype);

}  // namespace heed
