#pragma once

#include <vector>

#include "heed/attention/explanation/attention_head.h"
#include "heed/attention/explanation/value_space.h"

namespace heed {

/// Effective attention (Brunner et al., On Identifiability in Transformers, ICLR 2020), [queries, keys]: the rows of A
/// without their part in the left null space of T, A_perp = A U U' with an orthonormal basis U of the columns of T over
/// the keys that the query may use. A_perp T = A T, and no matrix of smaller norm has this output. Rows are no
/// distributions: they may have negative entries, and any sum. 0 at keys that a query may not use.
std::vector<double> effective_attention(const AttentionHead& head, double precision = exact_values);

/// `effective`, the effective attention of the head, with its negative entries set to 0 and each row divided by its
/// sum: distributions, which in general no longer have the output of A. A control: whoever takes them for equivalent to
/// A is to be found out. A row without positive entries becomes uniform over the keys that the query may use.
std::vector<double> clipped_effective_attention(const AttentionHead& head, std::vector<double> effective);

}  // namespace heed
