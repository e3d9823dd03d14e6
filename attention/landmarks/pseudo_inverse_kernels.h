#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// start = a^T over the greatest sum of a column of a, for `count` matrices [size, size]; NaN where a sum is none.
struct PseudoInverseKernels {
    void (*start)(const float* a, float* start, int64_t count, int64_t size);
    /// d_a from d_start, overwritten: the greatest sum counts as that of the first column that has it.
    void (*start_backward)(const float* a, const float* d_start, float* d_a, int64_t count, int64_t size);
};

HEED_KERNELS(PseudoInverseKernels, pseudo_inverse);

}  // namespace heed
