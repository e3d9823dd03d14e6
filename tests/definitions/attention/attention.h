#pragma once

#include <map>
#include <string>

#include "heed/tests/definitions/random.h"
#include "heed/tests/definitions/values.h"

namespace heed::definitions {

/// Heads in an array [batch, tokens, width]: column first_column + h * head_dim + c is component c of head h.
struct Heads {
    const Values& values;
    int64_t width;
    int64_t first_column = 0;
};

struct Attention {
    int64_t batch = 1, heads = 1, queries = 1, keys = 1, head_dim = 1;
    Integers key_lengths;             ///< of each sample, or empty: all keys
    bool causal = false;              ///< query i uses keys j with j - keys <= i - queries
    int64_t before = -1, after = -1;  ///< where not -1, query i uses keys i - before .. i + after
    double dropout = 0;               ///< of the weights
    RandomNumbers random;
};

/// dropout(softmax(q k^T / sqrt(head_dim) + mask)) v: [batch, queries, heads * head_dim]; 0 where a query has no key.
/// The weight of head h, query i and key j is element (h * keys + j) * (queries, rounded up to a multiple of 64) + i of
/// the sample's random numbers.
Values scaled_dot_product(const Heads& query, const Heads& key, const Heads& value, const Attention& attention);

/// The weights before dropout: [batch, heads, queries, keys].
Values attention_weights(const Heads& query, const Heads& key, const Attention& attention);

/// What a layer of attention knows, by the names of its parameters: projections "query.weight" and so on [dim, dim],
/// biases "query.bias" [dim], and "alignment.weight" [n, n] of super attention. What is missing is the identity, or 0.
using AttentionParameters = std::map<std::string, Values>;

/// x by the projection of that name, with its bias where there is one; x itself where there is no such projection.
/// [.., dim] becomes [.., rows of the weight].
Values projected(const Values& x, const std::string& name, const AttentionParameters& parameters, int64_t dim);

/// A layer of attention whose head i is dropout(softmax(Q_i K_i^T / sqrt(r) + mask)) (A V)_i: Q is projected from query
/// [batch, queries, dim], K and V from source [batch, keys, dim], and A is the leading block of the alignment matrix,
/// of which a causal layer has the lower triangle; padded values count as 0. The sizes are those of `attention`.
Values attention_layer(const Values& query, const Values& source, const AttentionParameters& parameters,
                       const Attention& attention);

}  // namespace heed::definitions
