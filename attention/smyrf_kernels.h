#pragma once

#include "heed/attention/sdpa_kernels.h"

// Included by kernels that are compiled once per instruction set: functions here must always be inlined.

namespace heed {

/// Number L of chunks into which SMYRF cuts n queries and m keys with clusters of `cluster` tokens: as many as the
/// clusters need, but no query may meet an empty chunk.
[[gnu::always_inline]] inline int64_t smyrf_chunks(int64_t queries, int64_t keys, int64_t cluster) {
    const int64_t wanted = (queries + cluster - 1) / cluster;
    const int64_t fewer = wanted < keys ? wanted : keys;
    return fewer > 1 ? fewer : 1;
}

/// Place at which chunk c of L begins among n sorted tokens.
[[gnu::always_inline]] inline int64_t smyrf_border(int64_t chunk, int64_t chunks, int64_t tokens) {
    return chunk * tokens / chunks;
}

/// What SMYRF computes: the attention of `heads` (which is not causal), cut into clusters.
struct SmyrfShape {
    SdpaShape heads;
    /// [batch] or null: sample b has query_lengths[b] queries, 0 .. queries; the others give zeros and take no part.
    const int32_t* query_lengths = nullptr;
    int64_t rounds = 1;
    int64_t cluster = 1;
};

/// Orders in which each round puts queries and keys: places 0 .. length - 1 hold the tokens sorted by (hash, index),
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

/// Output i = sum over j of dropout(c_ij e^(s_ij)) v_j / sum over j of c_ij e^(s_ij), where s is the scaled score and
/// c_ij the number of rounds in which i and j share a chunk. With one chunk all c_ij are 1, whatever the rounds. NaN in
/// what a query uses gives NaN.
struct SmyrfForward {
    SmyrfShape shape;
    ConstHeadView query, key, value;
    const int32_t* query_order;
    const int32_t* key_order;
    HeadView output;     ///< [batch, queries, heads, head_dim]
    float* log_sum_exp;  ///< [batch, heads, queries]: log of the sum over j of c_ij e^(s_ij); -inf without keys
    float* workspace;    ///< SmyrfKernels::workspace(shape) floats
};

/// Gradients of forward for fixed orders, overwritten. Dropout is drawn again.
struct SmyrfBackward {
    SmyrfShape shape;
    ConstHeadView query, key, value;
    const int32_t* query_order;
    const int32_t* key_order;
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
    const float* log_sum_exp;  ///< of forward
    float* weights;            ///< [batch, heads, queries, keys]; 0 where a pair shares no chunk
    float* workspace;
};

/// SMYRF attention chunk by chunk: work and memory grow with tokens * rounds * cluster. The results have the same bits
/// for any number of threads.
struct SmyrfKernels {
    void (*sort)(const SmyrfSort&);
    void (*forward)(const SmyrfForward&);
    void (*backward)(const SmyrfBackward&);
    void (*weights)(const SmyrfWeights&);
    /// Floats of scratch memory that `sort`, and each of the other three, needs with the present number of threads.
    int64_t (*sort_workspace)(const SmyrfShape& shape);
    int64_t (*workspace)(const SmyrfShape& shape);
};

const SmyrfKernels& smyrf_cpu();
const SmyrfKernels& smyrf_reference();

}  // namespace heed
