#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// a + b, elementwise, equal shapes. Saves nothing.
Variable add(const Variable& a, const Variable& b);

/// factor * x, elementwise. Saves nothing but the factor.
Variable scale(const Variable& x, float factor);

}  // namespace heed
