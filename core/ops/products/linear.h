#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// y = x W^T + b over the last axis: x [..., in], weight [out, in], bias [out] or undefined, y [..., out].
/// Saves x and weight. Backward: dx = dy W, dW = dy^T x, db = sum of the rows of dy.
Variable linear(const Variable& x, const Variable& weight, const Variable& bias);

namespace detail {

/// y = x W^T + b without autograd; shared with the fused op linear_activation.
Tensor linear_forward(const char* op, const Variable& x, const Variable& weight, const Variable& bias);
/// dx = dy W into `dx_slot` and dW = dy^T x into `dweight_slot`, where these are not null.
void linear_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, GradientSlot* dx_slot,
                     GradientSlot* dweight_slot);

}  // namespace detail
}  // namespace heed
