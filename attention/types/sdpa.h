#pragma once

#include "heed/attention/registry.h"

namespace heed {

/// Multi-head scaled dot-product attention (Vaswani et al., 2017, section 3.2): with projections of query, key, value
/// and output, O = [H_1 ... H_h] W_O, H_i = softmax((X W_Q)_i (X W_K)_i^T / sqrt(r)) (X W_V)_i. 4 d^2 parameters
/// without biases.
std::unique_ptr<Attention> make_sdpa(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
