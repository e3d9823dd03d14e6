#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// The same elements in another shape, without a copy. Saves nothing.
Variable reshape(const Variable& x, const Shape& shape);

}  // namespace heed
