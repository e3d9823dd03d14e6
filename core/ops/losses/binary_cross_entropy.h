#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

struct BinaryCrossEntropyResult {
    Variable loss;      ///< [1], SUM over all entries, for backward
    Tensor loss_total;  ///< f64 [1], the same sum
};

/// Binary cross-entropy of logits [rows, classes], each class a question of its own (several classes may hold at once),
/// against targets [rows, classes], u8 of 0 and 1 or f32 in [0, 1]. Loss and gradient sigmoid(x) - y are computed in
/// one pass; saves the gradient of the logits. An infinite logit gives a loss that is not finite. Throws Error when a
/// target is out of range and the device shares the host's memory (see check_indices). `weights` [rows, classes] f32,
/// finite and not negative, multiply the losses of the entries; without, all are 1.
BinaryCrossEntropyResult binary_cross_entropy(const Variable& logits, const Tensor& targets,
                                              const Tensor& weights = Tensor());

}  // namespace heed
