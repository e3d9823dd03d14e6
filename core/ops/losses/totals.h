#pragma once

#include "heed/core/tensor/tensor.h"

namespace heed {

/// Totals of a training step that stay on the device, so that it need not be waited for: each is a tensor f64 [1].

/// total += factor * value, both f64 [1].
void add_total(const Tensor& value, double factor, const Tensor& total);

/// total += number of elements in which the two tensors, i32 of one shape, are equal.
void add_equal_total(const Tensor& a, const Tensor& b, const Tensor& total);

/// total += number of rows of logits [rows, classes] that are positive exactly where the targets, f32 of the same
/// shape, are above 1/2.
void add_exact_total(const Tensor& logits, const Tensor& targets, const Tensor& total);

}  // namespace heed
