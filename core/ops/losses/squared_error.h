#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

struct SquaredErrorResult {
    Variable loss;      ///< [1], SUM over all entries, for backward
    Tensor loss_total;  ///< f64 [1], the same sum
};

/// Squared errors (x - y)^2 of predictions x against targets y of the same shape, f32. Loss and gradient 2 (x - y) are
/// computed in one pass; saves the gradient of the predictions. `weights` of the same shape, finite and not negative,
/// multiply the errors of the entries; without, all are 1.
SquaredErrorResult squared_error(const Variable& predictions, const Tensor& targets, const Tensor& weights = Tensor());

}  // namespace heed
