#pragma once

#include "heed/attention/registry.h"

namespace heed {

/// cosFormer (Qin et al., *cosFormer: Rethinking Softmax in Attention*, ICLR 2022): linear attention with ReLU features
/// that are reweighted by the distance of the tokens, with the parameters of sdpa and work linear in the tokens. For
/// query i and key j of a head, i, j = 1, 2, ... (equations 8 to 12),
///
///     s_ij = relu(q_i).relu(k_j) cos(pi (i - j) / (2 M)),   H_i = sum_j s_ij v_j / max(sum_j s_ij, 1e-6)
///
/// where the cosine is a sum of products of sines and cosines of i and of j. M is the greater number of real tokens of
/// the two sequences of the sample, so that neither padding nor the rest of the batch changes anything; it is a matter
/// of later tokens, so that there are no causal patterns. A query whose features meet none of a key gives heads of 0:
/// its weights sum to 0 instead of 1, so that the registry does not count the type among those with weights. Dropout
/// acts on the outputs of the heads.
std::unique_ptr<Attention> make_cosformer(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
