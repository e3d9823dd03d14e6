#pragma once

#include "heed/tests/reference/values.h"

namespace heed::reference {

/// Cross-entropy between softmax(logits) [rows, classes] and the target distribution that has 1 - smoothing more at the
/// row's target than smoothing / classes everywhere, summed over the rows with a target other than -1.
double cross_entropy(const Values& logits, const Integers& targets, int64_t classes, double smoothing);

}  // namespace heed::reference
