#pragma once

#include <vector>

#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/attention/smyrf/smyrf_kernels.h"

namespace heed {

/// Clustered softmax attention (SMYRF: Daras, Kitaev, Odena, Dimakis, NeurIPS 2020), in three forms.
///
/// clusters: in each of `rounds` rounds the real queries and the real keys of a sample are put in an order and cut into
/// L = max(1, min(ceil(n / cluster), n, m)) chunks; chunk c of the queries attends to chunk c of the keys.
///
/// causal_self: the sequence is cut into aligned blocks, which are doubled until they are longer than a cluster. Within
/// its own block a query meets all keys up to its own place, in every round. Earlier tokens are covered by aligned
/// blocks of doubling length S, each of them once; in each round the keys of such a block are put in an order and cut
/// into ceil(S / cluster) chunks, of which a query meets one.
///
/// causal_cross: in each round the real keys are put in an order and cut into ceil(m / cluster) chunks, of which a
/// query meets one.
struct SmyrfHeads {
    ScaledDotProduct heads;  ///< inputs, key lengths and dropout; causal in causal_self
    Tensor query_lengths;    ///< number n of real queries of each sample, i32 [batch]; undefined: all are real
    int64_t rounds = 2;
    int64_t cluster = 32;
    SmyrfForm form = SmyrfForm::clusters;
    int64_t block = 64;       ///< of causal_self
    int64_t first_query = 0;  ///< of causal_self: the token that query 0 is; gradients need 0
};

/// Who meets whom. In the form of clusters: for each sample, head and round the numbers of the tokens, real ones first.
/// In the causal forms: sorted keys, and queries grouped by the chunk that they meet (see SmyrfPlace).
struct SmyrfOrders {
    /// i32 [batch, heads, rounds, queries]; undefined in causal_self.
    Tensor queries;
    /// i32 [batch, heads, rounds, keys]; in causal_self [batch, heads, rounds, levels, keys], with the queries.
    Tensor keys;
    /// i32 [batch, heads, rounds, chunks]; undefined in the form of clusters.
    Tensor ends = {};
};

/// In the form of clusters, sorts by asymmetric hashing along `directions` [rounds, heads, head_dim + 2]. k' is a key
/// less the mean of the real keys of its sample and head: a vector that all keys have in common changes no softmax, and
/// so no hash. With M_Q and M_K the greatest lengths of real q and k' of a head, F(q) = [q; 0; sqrt(M_Q^2 + M_K^2 -
/// |q|^2)] and G(k') = [k'; sqrt(M_Q^2 + M_K^2 - |k'|^2); 0], so that |F(q) - G(k')|^2 = 2 (M_Q^2 + M_K^2 - q.k'),
/// tokens go by direction . F(q) and direction . G(k'), then by their number; NaN comes after every number.
///
/// In the causal forms keys go by direction . k along `directions` [rounds, heads, head_dim]; a query meets the chunk
/// whose mean key has the greatest product with it. So an order is a matter of its own keys alone, and the chunk of a
/// query one of itself and of keys that it may see; a vector that all keys have in common changes neither. No gradient.
SmyrfOrders smyrf_orders(const SmyrfHeads& attention, const Tensor& directions);

/// Orders of a causal form that grow with the queries: what decoding keeps of earlier steps.
struct SmyrfPlaces {
    SmyrfOrders orders;
    Tensor means;         ///< [batch, heads, rounds, chunks, head_dim]
    int64_t queries = 0;  ///< number of queries placed so far
};

/// Puts the queries of `attention` - the ones behind those placed so far - in their places. In causal_self the number
/// of keys (the real ones are counted by the key lengths) must stay what it was, or `places` must be new.
void smyrf_place(const SmyrfHeads& attention, const Tensor& directions, SmyrfPlaces& places);

/// Output i = sum over j of c_ij e^(s_ij) v_j / sum over j of c_ij e^(s_ij), [batch, queries, heads * head_dim], where
/// s are scaled scores and c_ij is the number of rounds in which query i meets key j: the rounds merged by their
/// log-sum-exp. A sample of one chunk has dense attention whatever the rounds. Dropout of a pair is that of dense
/// attention in all rounds. Padded queries and queries without a key give zeros. Saves q, k, v, the output, its
/// log-sum-exp and the orders, through which no gradient flows.
Variable smyrf_attention(const SmyrfHeads& attention, const SmyrfOrders& orders);

/// The weights c_ij e^(s_ij) / sum, without dropout: [batch, heads, queries, keys]. No gradient.
Tensor smyrf_weights(const SmyrfHeads& attention, const SmyrfOrders& orders);

/// For each head, the mean over real queries of the share of the dense softmax that lies on the pairs that are
/// computed: 1 where none that matters is left out. Forms two [queries, keys] matrices a head: for reports.
std::vector<double> smyrf_covered_mass(const SmyrfHeads& attention, const SmyrfOrders& orders);

/// Number of pairs of a query and a key that are computed for n queries and m keys, over all rounds; in the causal
/// forms keys that two rounds find count twice, and the keys of the own block once.
struct SmyrfWork {
    int64_t pairs;
    int64_t hidden;   ///< pairs of the own blocks that the causal mask hides, which are computed as well
    int64_t placing;  ///< products of queries with directions and mean keys, and of keys with directions
};
SmyrfWork smyrf_work(SmyrfForm form, int64_t queries, int64_t keys, int64_t rounds, int64_t cluster, int64_t block);

}  // namespace heed
