#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// Arguments of the distillation loss, value and gradient in one pass. With p = softmax(teacher / T) and
/// q = softmax(logits / T) of a row, loss = T^2 sum_k p_k log(p_k / q_k), whose gradient is T (q - p).
struct Distillation {
    const float* logits;     ///< [rows, classes]
    const float* teacher;    ///< [rows, classes], logits as well
    const int32_t* targets;  ///< [rows], of which -1 leaves a row out: its loss and gradient are 0; or null: none is
    float* losses;           ///< [rows]
    float* dlogits;          ///< [rows, classes], gradient of the sum of losses, or null; neither logits nor teacher
    int64_t rows;
    int64_t classes;  ///< at least 1
    float temperature;
    double* sum;  ///< [1], of the losses, in double and in an order that depends on rows alone
    float* loss;  ///< [1], the same
};

struct DistillationKernels {
    void (*forward)(const Distillation&);
};

HEED_KERNELS(DistillationKernels, distillation);

}  // namespace heed
