#pragma once

#include <string>

#include "heed/core/device/context.h"
#include "heed/core/module/parameter_store.h"

namespace heed {

/// Whether no element is NaN or infinite.
bool all_finite(const Tensor& values);

/// Name of the first parameter with a value that is not finite, or "".
std::string first_non_finite_parameter(const ParameterStore& store);

/// Runs a forward pass with every op's output checked: names the first that is not finite, or "". The tape is empty
/// afterwards.
template <class Forward>
std::string first_non_finite_op(Context& context, const Forward& forward) {
    context.tape().clear();
    context.tape().watch(true);
    forward();
    std::string found = context.tape().first_non_finite();
    context.tape().watch(false);
    context.tape().clear();
    return found;
}

}  // namespace heed
