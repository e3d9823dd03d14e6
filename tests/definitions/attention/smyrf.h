#pragma once

#include "heed/tests/definitions/attention/attention.h"

namespace heed::definitions {

struct Smyrf {
    Attention attention;     ///< causal in causal self-attention
    Integers query_lengths;  ///< of each sample, or empty: all queries
    int64_t rounds = 1, cluster = 1;
    int64_t block = 1;  ///< of causal self-attention
};

/// For each sample, head and round the tokens in their order: [batch, heads, rounds, queries] and [.., keys].
struct Orders {
    Integers queries, keys;
};

/// L: the number of chunks of each sample.
Integers smyrf_chunks(const Smyrf& smyrf);

/// The hashes u . F(q) and u . G(k - mean of the real keys) of the real tokens for directions u [rounds, heads,
/// head_dim + 2]; 0 for padding. [batch, heads, rounds, queries] and [.., keys].
struct Hashes {
    Values queries, keys;
};
Hashes smyrf_hashes(const Heads& query, const Heads& key, const Smyrf& smyrf, const Values& directions);

/// In how many rounds a query and a key share a chunk, [batch, heads, queries, keys]: 0 for padded tokens.
Integers smyrf_counts(const Smyrf& smyrf, const Orders& orders);

/// How often a query counts a key in the causal patterns, [batch, heads, queries, keys], for directions u [rounds,
/// heads, head_dim]. In self-attention (where attention.causal is set): every round counts the keys of the query's own
/// block up to itself, and of each aligned block of its past - the greatest ones that lie in it: those of the binary
/// digits of the number of its block - one chunk. In cross-attention every round counts one chunk of the source; a
/// source of one chunk counts once. A chunk is a run of the keys sorted by u . k, and that whose mean has the greatest
/// product with the query is taken.
Integers smyrf_causal_counts(const Heads& query, const Heads& key, const Smyrf& smyrf, const Values& directions);

/// Weights c_ij e^(s_ij) / sum over j of c_ij e^(s_ij): [batch, heads, queries, keys]; 0 where c_ij is.
Values smyrf_weights(const Heads& query, const Heads& key, const Smyrf& smyrf, const Integers& counts);

/// dropout(weights) v: [batch, queries, heads * head_dim].
Values smyrf_attention(const Heads& query, const Heads& key, const Heads& value, const Smyrf& smyrf,
                       const Integers& counts);

}  // namespace heed::definitions
