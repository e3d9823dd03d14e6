#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

struct SmoothL1Result {
    Variable loss;      ///< [1], SUM over all entries, for backward
    Tensor loss_total;  ///< f64 [1], the same sum
};

/// Absolute errors of predictions x against targets y of the same shape, f32, that are squares near 0: with e = x - y,
/// e^2 / (2 beta) where |e| < beta, else |e| - beta / 2. It is the loss of Huber (1964) over beta, and |e| itself with
/// beta 0, whose gradient at 0 is 0. Loss and gradient are computed in one pass; saves the gradient of the predictions.
/// `weights` of the same shape, finite and not negative, multiply the losses of the entries; without, all are 1.
SmoothL1Result smooth_l1(const Variable& predictions, const Tensor& targets, float beta,
                         const Tensor& weights = Tensor());

}  // namespace heed
