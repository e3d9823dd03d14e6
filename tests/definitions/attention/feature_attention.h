#pragma once

#include "heed/tests/definitions/values.h"

namespace heed::definitions {

struct FeatureAttention {
    int64_t batch = 1, heads = 1, queries = 1, keys = 1, features = 1, head_dim = 1;
    Integers key_lengths = {};  ///< of each sample, or empty: all keys
    bool causal = false;        ///< query i uses keys j <= i
    bool logarithmic = false;   ///< features are given by their logarithms
    double floor = 0;           ///< least divisor where they are not
};

/// k(q_i, k_j) / sum_j k(q_i, k_j) with k(q, k) = sum over the features c of phi_c(q) psi_c(k), features [batch,
/// tokens, heads, features]: [batch, heads, queries, keys]; 0 where a query has no key.
Values feature_weights(const Values& query, const Values& key, const FeatureAttention& attention);

/// feature_weights times the values [batch, keys, heads * head_dim]: [batch, queries, heads * head_dim].
Values feature_attention(const Values& query, const Values& key, const Values& value,
                         const FeatureAttention& attention);

/// directions . x - factor |x|^2 for each head of x [batch, tokens, heads, head_dim], with directions [batch, heads,
/// features, head_dim], or [heads, features, head_dim] for all samples: [batch, tokens, heads, features].
Values log_features(const Values& x, const Values& directions, double factor, const FeatureAttention& sizes,
                    int64_t tokens);

/// [relu(x) sin(pi i / 2 M), relu(x) cos(pi i / 2 M)] for token i = 1, 2, ... with M = periods[sample]: x [batch,
/// tokens, heads * head_dim] -> [batch, tokens, heads, 2 head_dim].
Values cosine_features(const Values& x, const Integers& periods, int64_t tokens, int64_t heads, int64_t head_dim);

/// Means over tokens floor(c n / segments) .. ceil((c + 1) n / segments) - 1 of the n = lengths[sample] real ones, 0
/// where there is none: x [batch, tokens, heads * head_dim] -> [batch, heads, segments, head_dim].
Values segment_means(const Values& x, const Integers& lengths, int64_t tokens, int64_t heads, int64_t head_dim,
                     int64_t segments);

}  // namespace heed::definitions
