#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// y = x W^T + b over the last axis: x [..., in], weight [out, in], bias [out] or undefined, y [..., out]. x may be of
/// bf16, and y, as the gradients of both then are; all else is of f32.
/// Saves x and weight. Backward: dx = dy W, dW = dy^T x, db = sum of the rows of dy.
Variable linear(const Variable& x, const Variable& weight, const Variable& bias, DType result = DType::f32);

namespace detail {

/// y = x W^T + b, of that type, without autograd; shared with the fused op linear_activation.
Tensor linear_forward(const char* op, const Variable& x, const Variable& weight, const Variable& bias, DType dtype);
/// dx = dy W into `dx_slot` and dW = dy^T x into `dweight_slot`, where these are not null. dy and x may be of bf16.
void linear_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, GradientSlot* dx_slot,
                     GradientSlot* dweight_slot);

}  // namespace detail
}  // namespace heed
