#pragma once

#include "heed/attention/registry.h"

namespace heed {

/// Super attention (Hosseini and Hosseini, arXiv 2403.01643): efficient attention whose values are mixed over the
/// tokens by an alignment matrix W_A [n, n], one for all heads: H_i = softmax((Q W_Q)_i K_i^T / sqrt(r)) (W_A K)_i.
/// 2 d^2 + n^2 parameters without biases; W_A has no bias, no weight decay, and starts near the identity, with which
/// the layer is efficient attention.
///
/// n is the greatest number of keys, part of the model: max_tokens, in cross-attention max_source_tokens. A shorter
/// input uses the leading block of W_A, which is the same as padding to n with masked keys and values of zero; a longer
/// one is a UserError. In causal self-attention W_A is lower-triangular, n (n + 1) / 2 parameters.
std::unique_ptr<Attention> make_super(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
