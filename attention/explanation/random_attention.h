#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heed/attention/explanation/attention_head.h"
#include "heed/attention/explanation/value_space.h"

namespace heed {

/// For each query a random distribution with the output of its row of A, [queries, keys]. A control: what is said of
/// least-norm attention alone must not hold of it. `steps` steps of hit-and-run (Smith, Operations Research 32, 1984)
/// from the middle between A and `least_norm` (its least-norm attention), each to a uniform point of the chord in a
/// uniform direction; weights that are 0 in both stay 0. Equal seeds give equal results.
std::vector<double> random_equivalent_attention(const AttentionHead& head, std::span<const double> least_norm,
                                                uint64_t seed, int steps = 16, double precision = exact_values);

}  // namespace heed
