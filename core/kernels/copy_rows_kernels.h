#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// to[i * to_stride + j] = from[index[i] * from_stride + j] for i < count, j < width; index null: i itself. Strides
/// count floats. What is read and what is written do not overlap.
struct CopyRows {
    const float* from;
    int64_t from_stride;
    const int32_t* index;
    float* to;
    int64_t to_stride;
    int64_t count;
    int64_t width;
};

struct CopyRowsKernels {
    void (*copy)(const CopyRows&);
};

HEED_KERNELS(CopyRowsKernels, copy_rows);

}  // namespace heed
