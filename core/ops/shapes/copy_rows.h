#pragma once

#include "heed/core/tensor/tensor.h"

namespace heed {

/// Runs of neighbouring values in a tensor (f32 or i32): run i begins at element offset + i * stride.
struct RowsOf {
    Tensor tensor;
    int64_t offset = 0;
    int64_t stride = 0;
};

/// Copies `count` runs of `width` values: run index[i] of `from` (i32 [count]; undefined: run i) becomes run i of `to`,
/// which must be another place. No gradient. Both tensors have the same type. Throws Error where a run does not lie
/// within its tensor.
void copy_rows(const RowsOf& from, const RowsOf& to, int64_t count, int64_t width, const Tensor& index = Tensor());

/// x[index[0]], x[index[1]], ...: parts of the first axis of x (f32 or i32), in a new tensor. No gradient.
Tensor gather_rows(const Tensor& x, const Tensor& index);

}  // namespace heed
