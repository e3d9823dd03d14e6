#pragma once

#include <functional>

#include "heed/core/autograd/variable.h"

namespace heed {

/// Is given the gradient of a variable, in backward.
using GradientReader = std::function<void(const Tensor& gradient)>;

/// x itself, whose gradient is shown to `reader` in backward before it is passed on. Without a gradient of x nothing is
/// recorded and the reader is never called. Saves nothing; the result shares the memory of x.
Variable probe(const Variable& x, GradientReader reader);

}  // namespace heed
