#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// Arguments of the softmax cross-entropy against class indices, value and gradient in one pass.
/// With z = log_softmax(logits) of a row and w = class_weights (all 1 where there are none), nll = -w[target] z[target]
/// and loss = (1 - label_smoothing) * nll - label_smoothing * mean(w z).
struct CrossEntropy {
    const float* logits;     ///< [rows, classes]
    const int32_t* targets;  ///< [rows], in [0, classes), or -1: loss, nll and gradient of that row are 0
    float* losses;           ///< [rows]
    float* nll;              ///< [rows], or null
    int32_t* predictions;    ///< [rows], lowest index among the largest logits (NaN never wins), or null
    float* dlogits;          ///< [rows, classes], gradient of the sum of losses, or null; may be logits
    int64_t rows;
    int64_t classes;  ///< at least 1
    float label_smoothing;
    const float* class_weights = nullptr;  ///< [classes], or null
    float* row_weights = nullptr;          ///< [rows], w[target] (0 in rows that are left out), or null
};

/// Arguments of the sums over the rows, in double and in an order that depends on their number alone.
struct CrossEntropySums {
    const float* losses;       ///< [rows]
    const float* nll;          ///< [rows]
    const float* row_weights;  ///< [rows]
    int64_t rows;
    double* sums;  ///< [3]: of losses, nll and row_weights
    float* loss;   ///< [1]: the first of them
};

struct CrossEntropyKernels {
    void (*forward)(const CrossEntropy&);
    void (*sum)(const CrossEntropySums&);
};

HEED_KERNELS(CrossEntropyKernels, cross_entropy);

}  // namespace heed
