#pragma once

#include <span>

#include "heed/core/tensor/shape.h"
#include "heed/core/tensor/tensor.h"

namespace heed {

/// Throws Error "<op>: expected <what> of shape <expected>, got <actual>" when the shapes differ.
void check_shape(const char* op, const char* what, const Shape& actual, const Shape& expected);

/// Throws Error when `tensor` is undefined or has another dtype.
void check_dtype(const char* op, const char* what, const Tensor& tensor, DType expected);

/// Throws Error unless the tensor has this many axes.
void check_rank(const char* op, const char* what, const Shape& actual, int rank);

/// Throws Error unless every element of `indices` (i32) lies in [first, end). Looks only where the device shares the
/// host's memory, so that it costs next to nothing: what is uploaded to another is checked before (indices_on_device).
void check_indices(const char* op, const char* what, const Tensor& indices, int64_t first, int64_t end);

/// The indices as a tensor i32. Throws Error unless each lies in [first, end) and the shape is theirs.
Tensor indices_on_device(Context& context, const char* what, const Shape& shape, std::span<const int32_t> indices,
                         int64_t first, int64_t end);

/// Throws Error unless 0 <= p < 1.
void check_probability(const char* op, float p);

}  // namespace heed
