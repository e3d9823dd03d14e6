#pragma once

#include <vector>

#include "heed/core/tensor/tensor.h"

namespace heed {

/// Logarithms of the softmax of logits [rows, classes], by rows. What is not finite stays so.
std::vector<float> log_probabilities(const Tensor& logits);

}  // namespace heed
