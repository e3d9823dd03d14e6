#pragma once

#include "heed/attention/registry.h"

namespace heed {

/// Optimised attention (Hosseini and Hosseini, arXiv 2403.01643): sdpa without the value projection. Head i attends to
/// slice i of the input itself, H_i = softmax((X W_Q)_i (X W_K)_i^T / sqrt(r)) X_i. 3 d^2 parameters without biases;
/// the same as sdpa with W_V = I and no value bias.
std::unique_ptr<Attention> make_optimised(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
