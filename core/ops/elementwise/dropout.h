#pragma once

#include "heed/core/autograd/variable.h"
#include "heed/core/random/random_stream.h"

namespace heed {

/// y = x * mask / (1 - probability); the first axis of x counts samples. Saves nothing: the mask is drawn again.
Variable dropout(const Variable& x, float probability, const RandomStream& stream);

}  // namespace heed
