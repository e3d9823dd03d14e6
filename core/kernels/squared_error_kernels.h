#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// Arguments of the squared error, value and gradient in one pass: loss = w (x - y)^2 of a prediction x, its target y
/// and its weight w (1 where there are none).
struct SquaredError {
    const float* predictions;  ///< [count]
    const float* targets;      ///< [count]
    const float* weights;      ///< [count], or null
    float* dpredictions;       ///< [count], gradient of the sum of losses, or null; may be predictions
    int64_t count;
    double* sum = nullptr;  ///< [1], of the losses, in double and in an order that depends on count alone
    float* loss = nullptr;  ///< [1], the same
};

struct SquaredErrorKernels {
    void (*forward)(const SquaredError&);
};

HEED_KERNELS(SquaredErrorKernels, squared_error);

}  // namespace heed
