#pragma once

#include "heed/attention/registry.h"

namespace heed {

/// Efficient attention (Hosseini and Hosseini, arXiv 2403.01643): sdpa without the key and the value projection. Head i
/// attends to slice i of the source itself, H_i = softmax((Q W_Q)_i K_i^T / sqrt(r)) K_i with K the source (in
/// self-attention the input). 2 d^2 parameters without biases; the same as sdpa with W_K = W_V = I and no key and value
/// bias.
std::unique_ptr<Attention> make_efficient(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
