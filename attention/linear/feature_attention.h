#pragma once

#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/core/autograd/variable.h"

// Attention whose work is linear in the tokens: with a kernel k(q, k) = sum over c of phi_c(q) psi_c(k) the sums over
// the keys of psi_c(k) v and of psi_c(k) are all that a query needs (Katharopoulos et al., ICML 2020, equations 4 to
// 6).

namespace heed {

struct FeatureAttention {
    Variable query;     ///< features of queries, [batch, queries, heads, features]
    Variable key;       ///< features of keys, [batch, keys, heads, features]
    HeadColumns value;  ///< [batch, keys, heads * head_dim] columns
    int64_t head_dim = 1;
    Tensor key_lengths = {};  ///< i32 [batch], or undefined: all keys are real
    /// Features are given by their logarithms, so that none is too great or too small. Else they are not negative.
    bool logarithmic = false;
    /// Query t uses keys <= t; there are as many queries as keys.
    bool causal = false;
    /// Where features are plain numbers, the least that an output is divided by.
    float floor = 0.0f;
};

/// sum_j k(q_i, k_j) v_j / sum_j k(q_i, k_j) for each head, [batch, queries, heads * head_dim]. A query without a key
/// gives zeros. Saves the inputs, the output and the normaliser of each query: nothing grows with queries times keys,
/// nor with features times head_dim times tokens.
Variable feature_attention(const FeatureAttention& attention);

/// The shares of the keys, [batch, heads, queries, keys]. No gradient.
Tensor feature_attention_weights(const FeatureAttention& attention);

/// The same where keys come one after the other: adds the keys to `state`, which is made where it is undefined
/// ([batch, some floats], other rows may be gathered), and answers the queries from all keys so far. No gradient.
Tensor continue_feature_attention(const FeatureAttention& attention, Tensor& state);

}  // namespace heed
