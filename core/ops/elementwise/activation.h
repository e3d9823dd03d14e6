#pragma once

#include <string_view>

#include "heed/core/autograd/variable.h"
#include "heed/core/kernels/activation_kernels.h"

namespace heed {

/// y = act(x), elementwise, of the type of x (f32 or bf16). Saves x.
Variable activation(const Variable& x, Activation kind);

/// act(x W^T + b): the same as activation(linear(x, weight, bias), kind), with the gradient of the bias summed in the
/// same pass that applies the activation's slope. Saves x, weight and the value before the activation, which is of the
/// type of the result (f32 or bf16), as are the gradients of both. x may be of bf16.
Variable linear_activation(const Variable& x, const Variable& weight, const Variable& bias, Activation kind,
                           DType result = DType::f32);

/// "relu", "gelu", "gelu_tanh", "silu" or "tanh". Throws UserError for anything else.
Activation activation_from_name(std::string_view name);

}  // namespace heed
