#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// a^T over the greatest sum of a column of a, for each matrix of a [..., n, n] that is not negative and whose rows add
/// up to 1: where steps towards the inverse begin. Saves a.
Variable pseudo_inverse_start(const Variable& a);

/// About the Moore-Penrose inverse of such matrices, by `steps` steps of Z <- Z / 4 (13 - A Z (15 - A Z (7 - A Z)))
/// (Razavi et al., 2014, as in Nystromformer, Xiong et al., AAAI 2021, equation 11), each matrix by itself.
Variable pseudo_inverse(const Variable& a, int64_t steps = 6);

}  // namespace heed
