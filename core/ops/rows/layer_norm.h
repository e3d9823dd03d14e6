#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// Layer normalisation over the last axis (Ba, Kiros, Hinton, 2016, equation 4 per token): x [..., d], gain [d],
/// bias [d]; y = (x - mean) / sqrt(variance + epsilon) * gain + bias, of f32. Saves x, gain, mean and 1/deviation of
/// each row.
Variable layer_norm(const Variable& x, const Variable& gain, const Variable& bias, float epsilon);

}  // namespace heed
