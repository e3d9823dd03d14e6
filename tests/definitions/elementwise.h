#pragma once

#include "heed/tests/definitions/random.h"
#include "heed/tests/definitions/values.h"

namespace heed::definitions {

Values add(const Values& a, const Values& b);
Values scale(const Values& x, double factor);

/// max(x, 0); NaN stays NaN.
Values relu(const Values& x);
/// x Phi(x), Phi the distribution function of the standard normal.
Values gelu(const Values& x);
/// x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
Values gelu_tanh(const Values& x);
/// x / (1 + exp(-x))
Values silu(const Values& x);
Values tanh(const Values& x);

/// x [samples, ...] with elements set to 0 at random and the others divided by 1 - probability; a NaN that is dropped
/// becomes 0.
Values dropout(const Values& x, int64_t samples, double probability, const RandomNumbers& random);

/// x [samples, ...] with whole samples set to 0 at random, by the word of their first element, and the others divided
/// by 1 - probability.
Values drop_path(const Values& x, int64_t samples, double probability, const RandomNumbers& random);

/// x + dropout(branch)
Values residual_add(const Values& x, const Values& branch, int64_t samples, double probability,
                    const RandomNumbers& random);

}  // namespace heed::definitions
