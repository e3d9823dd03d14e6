#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// What cross_entropy sums up over its rows.
struct CrossEntropyTotals {
    double loss = 0.0;    ///< with label smoothing
    double nll = 0.0;     ///< the (weighted) losses without label smoothing
    double weight = 0.0;  ///< the weights of the rows that count: loss / weight is the mean
};

struct CrossEntropyResult {
    Variable loss;       ///< [1], SUM over the rows of the (smoothed) loss, for backward
    Tensor sums;         ///< f64 [3]: the members of CrossEntropyTotals
    Tensor predictions;  ///< [rows] i32, index of the largest logit

    /// f64 [1], the sum of the losses on the device.
    Tensor loss_total() const { return sums.slice(0, 1); }
    /// The sums on the host, which waits for the device.
    CrossEntropyTotals totals() const;
};

/// Softmax cross-entropy of logits [rows, classes] against class indices targets [rows] i32; a target of -1 leaves the
/// row out. With `class_weights` [classes], finite and not negative, a row counts as much as its target's weight, and
/// what label smoothing puts on a class as much as that class's; without, all weights are 1. Loss and gradient are
/// computed in one pass; saves the gradient of the logits. Targets lie in [-1, classes), see
/// check_indices.
CrossEntropyResult cross_entropy(const Variable& logits, const Tensor& targets, float label_smoothing,
                                 const Tensor& class_weights = Tensor());

}  // namespace heed
