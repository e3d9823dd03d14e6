#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// Arguments of the smooth absolute error, value and gradient in one pass: with the error e = x - y of a prediction x,
/// its target y and its weight w (1 where there are none), loss = w e^2 / (2 beta) where |e| < beta, else
/// w (|e| - beta / 2).
struct SmoothL1 {
    const float* predictions;  ///< [count]
    const float* targets;      ///< [count]
    const float* weights;      ///< [count], or null
    float beta;                ///< >= 0
    float* dpredictions;       ///< [count], gradient of the sum of losses, or null; may be predictions
    int64_t count;
    double* sum = nullptr;  ///< [1], of the losses, in double and in an order that depends on count alone
    float* loss = nullptr;  ///< [1], the same
};

struct SmoothL1Kernels {
    void (*forward)(const SmoothL1&);
};

HEED_KERNELS(SmoothL1Kernels, smooth_l1);

}  // namespace heed
