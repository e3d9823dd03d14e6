#pragma once

#include <vector>

#include "heed/attention/scaled_dot_product.h"

namespace heed {

/// Clustered softmax attention (SMYRF: Daras, Kitaev, Odena, Dimakis, NeurIPS 2020). In each of `rounds` rounds the
/// real queries and the real keys of a sample are put in an order and cut into L = max(1, min(ceil(n / cluster), n, m))
/// chunks; chunk c of the queries attends to chunk c of the keys.
struct SmyrfHeads {
    ScaledDotProduct heads;  ///< inputs, key lengths and dropout; not causal
    Tensor query_lengths;    ///< number n of real queries of each sample, i32 [batch]; undefined: all are real
    int64_t rounds = 2;
    int64_t cluster = 32;
};

/// In which order the rounds put queries and keys: for each sample, head and round the numbers of the tokens, real ones
/// first.
struct SmyrfOrders {
    Tensor queries;  ///< i32 [batch, heads, rounds, queries]
    Tensor keys;     ///< i32 [batch, heads, rounds, keys]
};

/// Sorts by asymmetric hashing along `directions` [rounds, heads, head_dim + 2]: with M_Q and M_K the greatest lengths
/// of real queries and keys of a head, F(q) = [q; 0; sqrt(M_Q^2 + M_K^2 - |q|^2)] and G(k) = [k; sqrt(M_Q^2 + M_K^2 -
/// |k|^2); 0], so that |F(q) - G(k)|^2 = 2 (M_Q^2 + M_K^2 - q.k), tokens go by direction . F(q) and direction . G(k),
/// then by their number; NaN comes after every number. No gradient.
SmyrfOrders smyrf_orders(const SmyrfHeads& attention, const Tensor& directions);

/// Output i = sum over j of c_ij e^(s_ij) v_j / sum over j of c_ij e^(s_ij), [batch, queries, heads * head_dim], where
/// s are scaled scores and c_ij is the number of rounds in which query i and key j share a chunk: the rounds merged by
/// their log-sum-exp. A sample of one chunk has dense attention whatever the rounds. Dropout of a pair is that of dense
/// attention in all rounds. Padded queries and queries without a key give zeros. Saves q, k, v, the output, its
/// log-sum-exp and the orders, through which no gradient flows.
Variable smyrf_attention(const SmyrfHeads& attention, const SmyrfOrders& orders);

/// The weights c_ij e^(s_ij) / sum, without dropout: [batch, heads, queries, keys]. No gradient.
Tensor smyrf_weights(const SmyrfHeads& attention, const SmyrfOrders& orders);

/// For each head, the mean over real queries of the share of the dense softmax that lies on the pairs that are
/// computed: 1 where none that matters is left out. Forms two [queries, keys] matrices a head: for reports.
std::vector<double> smyrf_covered_mass(const SmyrfHeads& attention, const SmyrfOrders& orders);

/// Number of pairs of a query and a key that are computed for n queries and m keys, over all rounds.
int64_t smyrf_pairs(int64_t queries, int64_t keys, int64_t rounds, int64_t cluster);

}  // namespace heed
