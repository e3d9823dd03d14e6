#pragma once

#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/attention/smyrf/smyrf_kernels.h"

namespace heed {

/// Clustered softmax attention (SMYRF: Daras, Kitaev, Odena, Dimakis, NeurIPS 2020), in three forms.
///
/// clusters: in each of `rounds` rounds the real queries and the real keys of a sample are put in an order and cut into
/// L = max(1, min(ceil(n / cluster), n, m)) chunks; chunk c of the queries attends to chunk c of the keys.
///
/// causal_self: the sequence is cut into aligned blocks, which are doubled until they are longer than a cluster. Within
/// its own block a query meets all keys up to its own position, in every round. Earlier tokens are covered by aligned
/// blocks of doubling length S, each of them once; in each round the keys of such a block are put in an order and cut
/// into ceil(S / cluster) chunks, of which a query meets one.
///
/// causal_cross: in each round the real keys are put in an order and cut into ceil(m / cluster) chunks, of which a
/// query meets one.
struct SmyrfInputs {
    ScaledDotProduct heads;  ///< inputs, key lengths and dropout; causal in causal_self
    Tensor query_lengths;    ///< number n of real queries of each sample, i32 [batch]; undefined: all are real
    int64_t rounds = 2;
    int64_t cluster = 32;
    SmyrfForm form = SmyrfForm::clusters;
    int64_t block = 64;       ///< of causal_self
    int64_t first_query = 0;  ///< of causal_self: the token that query 0 is; gradients need 0
};

/// The shape that kernels work on; its pointers are good as long as the lengths of `inputs`.
SmyrfShape smyrf_shape(const SmyrfInputs& inputs);

/// Throws Error, naming `op`, when the inputs do not fit each other.
void check_smyrf_inputs(const char* op, const SmyrfInputs& inputs);

}  // namespace heed
