#pragma once

#include "heed/attention/attention.h"
#include "heed/core/autograd/variable.h"
#include "heed/core/random/random_stream.h"

namespace heed {

/// The heads of a query, key or value: heads * head_dim neighbouring columns of a variable [batch, tokens, width], read
/// in place. Column first_column + i * head_dim + c is component c of head i.
struct HeadColumns {
    Variable source;
    int64_t first_column = 0;
};

struct ScaledDotProduct {
    HeadColumns query, key, value;
    int64_t heads = 1;
    int64_t head_dim = 1;
    AttentionMask mask;
    /// Query t uses keys <= t + (keys - queries).
    bool causal = false;
    /// Of the softmax weights; drawn again in backward.
    float dropout = 0.0f;
    RandomStream stream;
    /// Where not -1, most keys before and behind its own place that a query uses: a band, beside which nothing is
    /// computed. Takes as many keys as queries. Not on cuda.
    int64_t before = -1;
    int64_t after = -1;
};

/// softmax(q k^T / sqrt(head_dim) + mask) v for each head (Vaswani et al., 2017, equation 1), computed tile by tile:
/// [batch, queries, heads * head_dim], of the type of q, k and v: f32, or bf16 where scaled_dot_product_takes_bf16. A
/// query without a key gives zeros. Saves q, k, v, the output and the log-sum-exp of each row of scores; no [queries,
/// keys] matrix is kept.
Variable scaled_dot_product(const ScaledDotProduct& attention);

/// Whether queries, keys and values of bf16 are computed for [batch, queries, ...] and [batch, keys, ...], these heads,
/// mask and dropout on `device` in its precision. Query, key and value need not be set.
bool scaled_dot_product_takes_bf16(const ScaledDotProduct& attention, const Device& device, int64_t batch,
                                   int64_t queries, int64_t keys);
/// Whether they are for any.
bool scaled_dot_product_has_bf16(const Device& device);

/// The softmax weights themselves of q and k in f32, without dropout: [batch, heads, queries, keys]. No gradient.
Tensor scaled_dot_product_weights(const ScaledDotProduct& attention);

}  // namespace heed
