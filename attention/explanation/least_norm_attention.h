#pragma once

#include <vector>

#include "heed/attention/explanation/attention_head.h"
#include "heed/attention/explanation/least_norm_solver.h"
#include "heed/attention/explanation/value_space.h"

namespace heed {

/// Least-norm attention of a head.
struct LeastNormAttention {
    std::vector<double> weights;     ///< A' [queries, keys]: distributions, 0 at keys that a query may not use
    std::vector<LeastNormRow> rows;  ///< one a query
};

/// Least-norm attention: for each query the distribution a' of least norm with a'T = a T over the keys that the query
/// may use (`least_norm_row`). It does not depend on what all keys' values have in common (a value bias) nor on an
/// invertible mixing of their columns, and is that of itself. Derived here, not the algorithm of Naim and Asher.
/// A head is looked at alone: of what is added up over the heads only the sum would have to stay.
LeastNormAttention least_norm_attention(const AttentionHead& head, double precision = exact_values);

}  // namespace heed
