#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

struct DistillationResult {
    Variable loss;      ///< [1], SUM over the rows, for backward
    Tensor loss_total;  ///< f64 [1], the same sum
};

/// How far the classes of logits [rows, classes] are from those of a teacher's logits of the same shape: T^2 times the
/// Kullback-Leibler divergence of softmax(logits / T) from softmax(teacher / T), so that the size of the gradient,
/// T (q - p), does not depend on the temperature T (Hinton, Vinyals, Dean, arXiv 1503.02531, section 2). Rows whose
/// target (i32 [rows]; undefined: none) is -1 are left out. Saves the gradient of the logits.
DistillationResult distillation(const Variable& logits, const Tensor& teacher, float temperature,
                                const Tensor& targets = Tensor());

}  // namespace heed
