#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// Running totals of a training step, numbers of double precision that stay on the device.
struct TotalsKernels {
    /// *total += factor * *value
    void (*add)(const double* value, double factor, double* total);
    /// *total += number of i < n with a[i] = b[i]
    void (*add_equal)(const int32_t* a, const int32_t* b, int64_t n, double* total);
    /// *total += number of rows in which logits[row, c] > 0 exactly where targets[row, c] > 1/2
    void (*add_exact)(const float* logits, const float* targets, int64_t rows, int64_t classes, double* total);
};

HEED_KERNELS(TotalsKernels, totals);

}  // namespace heed
