#pragma once

#include <string>

#include "heed/core/device/context.h"
#include "heed/core/module/parameter_store.h"

namespace heed {

/// Whether no element is NaN or infinite.
bool all_finite(const Tensor& values);

/// Name of the first parameter with a value that is not finite, or "".
std::string first_non_finite_parameter(const ParameterStore& store);

}  // namespace heed
