#pragma once

#include "heed/attention/heads/sdpa_kernels.h"
#include "heed/core/kernels/kernel_table.h"

// Included by kernels that are compiled once per instruction set: functions here must always be inlined. Constant
// expressions, so that CUDA kernels may call them.

namespace heed {

/// Number L of chunks into which SMYRF cuts n queries and m keys with clusters of `cluster` tokens: as many as the
/// clusters need, but no query may meet an empty chunk.
[[gnu::always_inline]] constexpr int64_t smyrf_chunks(int64_t queries, int64_t keys, int64_t cluster) {
    const int64_t wanted = (queries + cluster - 1) / cluster;
    const int64_t fewer = wanted < keys ? wanted : keys;
    return fewer > 1 ? fewer : 1;
}

/// Position at which chunk c of L begins among n sorted tokens.
[[gnu::always_inline]] constexpr int64_t smyrf_border(int64_t chunk, int64_t chunks, int64_t tokens) {
    return chunk * tokens / chunks;
}

/// Which keys a query meets.
enum class SmyrfForm : uint8_t {
    clusters,     ///< queries and keys are sorted and cut into chunks: chunk c of the queries meets chunk c of the keys
    causal_self,  ///< its own block, and of each earlier aligned block one chunk of the sorted keys a round
    causal_cross,  ///< one chunk of the sorted source a round; no query has an influence on another
};

/// What SMYRF computes: the attention of `heads` (causal in causal_self), cut into clusters.
struct SmyrfShape {
    SdpaShape heads;
    /// [batch] or null: sample b has query_lengths[b] queries, 0 .. queries; the others give zeros and take no part. In
    /// causal_self the key lengths say it.
    const int32_t* query_lengths = nullptr;
    int64_t rounds = 1;
    int64_t cluster = 1;
    SmyrfForm form = SmyrfForm::clusters;
    /// In causal_self: number of tokens of a block; the token at which query 0 stands (not 0 where the others are old).
    int64_t block = 1;
    int64_t first_query = 0;
};

/// Orders in which each round puts queries and keys: positions 0 .. length - 1 hold the tokens sorted by (hash, index),
/// numbers before NaN; the padded tokens follow. Samples of one chunk keep their tokens in order.
struct SmyrfSort {
    SmyrfShape shape;
    ConstHeadView query;      ///< [batch, queries, heads, head_dim]
    ConstHeadView key;        ///< [batch, keys, heads, head_dim]
    const float* directions;  ///< [rounds, heads, head_dim + 2]
    int32_t* query_order;     ///< [batch, heads, rounds, queries]
    int32_t* key_order;       ///< [batch, heads, rounds, keys]
    float* workspace;         ///< SmyrfKernels::sort_workspace(shape) floats
};

/// The same for the causal forms, which sort keys along directions without added components and give each query one
/// chunk of each sorted list, on its own: that whose mean key has the greatest product with it (NaN is the greatest; of
/// equal ones the first). Lists and chunks are those of smyrf_layout.h.
struct SmyrfGroup {
    SmyrfShape shape;
    ConstHeadView query, key;
    const float* directions;  ///< [rounds, heads, head_dim]
    /// causal_cross: [batch, heads, rounds, queries] by chunk and [batch, heads, rounds, keys] by (hash, index).
    /// causal_self: both are one array [batch, heads, rounds, levels, keys], in which the positions of a pair's left
    /// block hold its keys by (hash, index), and those of its right block its queries by chunk, the real ones in front.
    int32_t* query_order;
    int32_t* key_order;
    int32_t* ends;  ///< [batch, heads, rounds, chunks]: where the queries of a chunk end within those of its list
    float* means;   ///< [batch, heads, rounds, chunks, head_dim]: mean keys of the chunks
    /// The lists of earlier tokens' queries stand in key_order and means already: in causal_self those of the queries
    /// before this one, in causal_cross all where it is not 0.
    int64_t grouped_before;
    float* workspace;  ///< SmyrfKernels::group_workspace(shape) floats
};

/// Output i = sum over j of dropout(c_ij e^(s_ij)) v_j / sum over j of c_ij e^(s_ij), where s is the scaled score and
/// c_ij the number of rounds in which i and j share a chunk; in causal_self c_ij is `rounds` for the keys of the own
/// block up to the query itself. With one chunk all c_ij are 1, whatever the rounds. NaN in what a query uses gives
/// NaN.
struct SmyrfForward {
    SmyrfShape shape;
    ConstHeadView query, key, value;
    const int32_t* query_order;
    const int32_t* key_order;
    const int32_t* ends;  ///< of the causal forms
    HeadView output;      ///< [batch, queries, heads, head_dim]
    float* log_sum_exp;   ///< [batch, heads, queries]: log of the sum over j of c_ij e^(s_ij); -inf without keys
    float* workspace;     ///< SmyrfKernels::workspace(shape) floats
};

/// Gradients of forward for fixed orders, overwritten. Dropout is drawn again.
struct SmyrfBackward {
    SmyrfShape shape;
    ConstHeadView query, key, value;
    const int32_t* query_order;
    const int32_t* key_order;
    const int32_t* ends;       ///< of the causal forms
    ConstHeadView output;      ///< of forward
    const float* log_sum_exp;  ///< of forward
    ConstHeadView d_output;
    HeadView d_query, d_key, d_value;
    float* workspace;
};

/// The weights themselves, without dropout, for looking at them.
struct SmyrfWeights {
    SmyrfShape shape;
    ConstHeadView query, key;
    const int32_t* query_order;
    const int32_t* key_order;
    const int32_t* ends;       ///< of the causal forms
    const float* log_sum_exp;  ///< of forward
    float* weights;            ///< [batch, heads, queries, keys]; 0 where a pair shares no chunk
    float* workspace;
};

/// SMYRF attention chunk by chunk: work and memory grow with tokens * rounds * cluster. The results have the same bits
/// for any number of threads.
struct SmyrfKernels {
    void (*sort)(const SmyrfSort&);
    void (*group)(const SmyrfGroup&);
    void (*forward)(const SmyrfForward&);
    void (*backward)(const SmyrfBackward&);
    void (*weights)(const SmyrfWeights&);
    /// Floats of scratch memory that `sort`, `group`, and each of the other three, needs with the present number of
    /// threads.
    int64_t (*sort_workspace)(const SmyrfShape& shape);
    int64_t (*group_workspace)(const SmyrfShape& shape);
    int64_t (*workspace)(const SmyrfShape& shape);
};

HEED_KERNELS(SmyrfKernels, smyrf);

}  // namespace heed
