#pragma once

#include "heed/attention/smyrf/smyrf_inputs.h"

namespace heed {

/// Who meets whom. In the form of clusters: for each sample, head and round the numbers of the tokens, real ones first.
/// In the causal forms: sorted keys, and queries grouped by the chunk that they meet (see SmyrfGroup).
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
SmyrfOrders smyrf_orders(const SmyrfInputs& attention, const Tensor& directions);

/// Orders of a causal form that grow with the queries: what decoding keeps of earlier steps.
struct SmyrfGrowingOrders {
    SmyrfOrders orders;
    Tensor means;         ///< [batch, heads, rounds, chunks, head_dim]
    int64_t queries = 0;  ///< number of queries grouped so far
};

/// Lets the queries of `inputs` - the ones behind those of the calls before - choose their chunks. In causal_self the
/// number of keys (the real ones are counted by the key lengths) must stay what it was, or `growing` must be new.
void smyrf_extend_orders(const SmyrfInputs& inputs, const Tensor& directions, SmyrfGrowingOrders& growing);

/// Throws Error, naming `op`, when orders do not fit the inputs.
void check_smyrf_orders(const char* op, const SmyrfInputs& inputs, const SmyrfOrders& orders);

/// Memory of the kernels' arguments query_order and ends: in causal_self queries and keys share one array.
int32_t* smyrf_query_order(const SmyrfOrders& orders);
int32_t* smyrf_ends(const SmyrfOrders& orders);

}  // namespace heed
