#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// Makes `loss` the variable [1] of a loss whose gradient with respect to `logits` was computed together with it:
/// backward hands on `dlogits` times the gradient of the loss. Undefined `dlogits`: nothing is recorded. `op` names the
/// op and must outlive the tape.
void record_loss(const char* op, const Variable& logits, Tensor value, Tensor dlogits, Variable& loss);

}  // namespace heed
