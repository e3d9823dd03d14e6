#pragma once

#include "heed/core/autograd/variable.h"
#include "heed/core/random/random_stream.h"

namespace heed {

/// Stochastic depth (Huang et al., ECCV 2016) of a residual branch: samples, the first axis of x, are each set to 0
/// with this probability and else divided by 1 - probability. Saves nothing: the mask is drawn again.
Variable drop_path(const Variable& x, float probability, const RandomStream& stream);

}  // namespace heed
