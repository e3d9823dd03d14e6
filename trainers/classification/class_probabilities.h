#pragma once

#include <vector>

#include "heed/core/autograd/variable.h"

namespace heed {

/// Probabilities of the classes, row after row, from logits [rows, classes]: of one class a row (they add up to 1), or
/// of each label by itself.
std::vector<float> class_probabilities(const Variable& logits, bool several_labels);

/// Their logarithms, exact to rounding for small probabilities, too.
std::vector<float> class_log_probabilities(const Variable& logits, bool several_labels);

}  // namespace heed
