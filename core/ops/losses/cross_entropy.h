#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

struct CrossEntropyResult {
    Variable loss;       ///< [1], SUM over the rows of the (smoothed) loss, for backward
    double loss_sum;     ///< the same sum, in double
    double nll_sum;      ///< sum of the (weighted) losses without label smoothing
    double weight_sum;   ///< sum of the weights of the rows that count: loss_sum / weight_sum is the mean
    Tensor predictions;  ///< [rows] i32, index of the largest logit
};

/// Softmax cross-entropy of logits [rows, classes] against class indices targets [rows] i32; a target of -1 leaves the
/// row out. With `class_weights` [classes], finite and not negative, a row counts as much as its target's weight, and
/// what label smoothing puts on a class as much as that class's; without, all weights are 1. Loss and gradient are
/// computed in one pass; saves the gradient of the logits. Throws Error when a target is not in [-1, classes).
CrossEntropyResult cross_entropy(const Variable& logits, const Tensor& targets, float label_smoothing,
                                 const Tensor& class_weights = Tensor());

}  // namespace heed
