#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// x of f32 or bf16 as f32: x itself where it is. Saves nothing; backward rounds the gradient to the type of x.
Variable to_f32(const Variable& x);

}  // namespace heed
