#pragma once

// The chunks of SMYRF, their rows gathered into packed tiles, and the scratch memory of a thread. Part of
// smyrf_cpu.isa.cpp alone, hence the unnamed namespace.

#include "heed/attention/smyrf/smyrf_layout.h"
#include "heed/attention/tiles/score_products.h"
#include "heed/attention/tiles/score_tile.h"
#include "heed/attention/tiles/task_scratch.h"
#include "heed/attention/tiles/tile_pack.h"

namespace heed::HEED_ISA {

namespace {

/// Scratch memory of one thread. Rows are packed: each has head_dim floats, filled up with 0 to whole vectors.
struct ChunkScratch {
    float* query;      ///< [head_dim, queries] panels, times scale
    float* d_output;   ///< [head_dim, queries] panels
    float* scores;     ///< tile
    float* d_weights;  ///< tile
    float* query_rows;
    float* d_output_rows;
    float* key_rows;
    float* value_rows;
    float* sums;           ///< rows that a product is summed in
    float* per_query[3];   ///< maximum, sum and factor, or log-sum-exp and row_dot
    int32_t* query_index;  ///< of a block, filled up with 0 to whole vectors
    int32_t* key_index;
};

int64_t lay_out(const SmyrfShape& shape, float* base, ChunkScratch* scratch) {
    const int64_t queries = round_up(min(shape.heads.queries, query_block), panel_width);
    const int64_t keys = min(shape.heads.keys, key_block);
    const int64_t width = round_up(shape.heads.head_dim, lanes);
    int64_t used = 0;
    const auto take = [&](int64_t floats) {
        float* p = base == nullptr ? nullptr : base + used;
        used += round_up(floats, 16);
        return p;
    };
    scratch->query = take(queries * shape.heads.head_dim);
    scratch->d_output = take(queries * shape.heads.head_dim);
    scratch->scores = take(keys * queries);
    scratch->d_weights = take(keys * queries);
    scratch->query_rows = take(queries * width);
    scratch->d_output_rows = take(queries * width);
    scratch->key_rows = take(keys * width);
    scratch->value_rows = take(keys * width);
    scratch->sums = take(max(queries, keys) * width);
    for (float*& p : scratch->per_query) p = take(queries);
    scratch->query_index = reinterpret_cast<int32_t*>(take(queries));
    scratch->key_index = reinterpret_cast<int32_t*>(take(keys));
    return used;
}

/// Calls body(chunk, scratch) for all chunks of one pass of all heads. `products` is the number of matrix products
/// that a chunk takes.
template <class Args, class Body>
void for_each_chunk(const Args& args, int64_t pass, int64_t products, const Body& body) {
    const SdpaShape& shape = args.shape.heads;
    const SmyrfLists lists = {args.query_order, args.key_order, args.ends};
    const int64_t chunks = smyrf_pass_chunks(args.shape, pass);
    const int64_t cost = products * (shape.queries / max(1, chunks) + 1) * (args.shape.cluster + 1) * shape.head_dim;
    ChunkScratch sizes_only;
    for_each_task_with_scratch(args.workspace, lay_out(args.shape, nullptr, &sizes_only),
                               shape.batch * shape.heads * chunks, cost,
                               [&](int64_t begin, int64_t end, float* floats) {
                                   ChunkScratch scratch;
                                   lay_out(args.shape, floats, &scratch);
                                   for (int64_t task = begin; task < end; ++task) {
                                       const int64_t head = task / chunks;
                                       SmyrfChunk chunk;
                                       if (smyrf_find_chunk(args.shape, lists, head / shape.heads, head % shape.heads,
                                                            pass, task % chunks, &chunk)) {
                                           body(chunk, scratch);
                                       }
                                   }
                               });
}

/// The numbers of `count` tokens of a chunk from its token `begin` on: in the list, or written to `memory`.
const int32_t* token_numbers(const int32_t* list, int64_t first, int64_t begin, int64_t count, int32_t* memory) {
    if (list != nullptr) return list + begin;
    for (int64_t i = 0; i < count; ++i) memory[i] = static_cast<int32_t>(first + begin + i);
    return memory;
}

/// Number of keys of a chunk that at least one of its queries before `end` meets.
int64_t visible_keys(const SmyrfChunk& chunk, int64_t end) {
    return chunk.diagonal < 0 ? chunk.keys : min(chunk.keys, chunk.diagonal + end);
}

/// packed[i] = rows[index[i]].
void gather_rows(Rows<const float> rows, const int32_t* index, int64_t count, int64_t head_dim, float* packed) {
    // The next rows are on their way while one is copied: tokens of a chunk lie anywhere in memory.
    constexpr int64_t ahead = 8;
    const int64_t width = round_up(head_dim, lanes);
    for (int64_t i = 0; i < count; ++i) {
        if (i + ahead < count) {
            const float* next = rows.at(index[i + ahead]);
            for (int64_t c = 0; c < head_dim; c += 16) __builtin_prefetch(next + c);
        }
        const float* from = rows.at(index[i]);
        float* to = packed + i * width;
        int64_t c = 0;
        for (; c + lanes <= head_dim; c += lanes) store(to + c, load(from + c));
        if (c < head_dim) store(to + c, load_partial(from + c, head_dim - c));
    }
}

/// rows[index[i]] = packed[i], or + packed[i] where `add`.
void scatter_rows(const float* packed, const int32_t* index, int64_t count, int64_t head_dim, bool add,
                  Rows<float> rows) {
    const int64_t width = round_up(head_dim, lanes);
    for (int64_t i = 0; i < count; ++i) {
        const float* from = packed + i * width;
        float* to = rows.at(index[i]);
        int64_t c = 0;
        for (; c + lanes <= head_dim; c += lanes) store(to + c, add ? load(to + c) + load(from + c) : load(from + c));
        if (c < head_dim) {
            const vf old = add ? load_partial(to + c, head_dim - c) : zero();
            store_partial(to + c, old + load(from + c), head_dim - c);
        }
    }
}

/// Which weights are kept, for queries that are no neighbours. The words are those of dense attention.
struct GatheredDropout {
    RandomKey key;
    uint32_t step;
    uint32_t sample;
    uint32_t threshold;
    float keep_scale;
    const int32_t* query_index;  ///< of the queries of the tile
    const int32_t* key_index;
    int64_t first_element;  ///< of query 0 and key 0 of the head
    int64_t elements_per_key;
};

/// True where a weight is kept, for up to 64 queries of a tile from `query` on and one key of the tile.
HEED_SIMD void kept_weights(const GatheredDropout& dropout, int64_t key, int64_t query, int64_t width,
                            vi kept[dropout_group]) {
    const vi threshold = broadcast(static_cast<int32_t>(dropout.threshold ^ 0x80000000U));
    const int64_t element = dropout.first_element + dropout.key_index[key] * dropout.elements_per_key;
    const auto first = static_cast<uint64_t>(element / 4);
    const vu first_low = (vu)broadcast(static_cast<int32_t>(first));
    const vi first_high = broadcast(static_cast<int32_t>(first >> 32));
    for (int v = 0; v < dropout_group && query + v * lanes < width; ++v) {
        const vi index = load(dropout.query_index + query + v * lanes);
        const vu low = first_low + (vu)(((index >> 6) << 4) + (index & 15));
        const vi carry = low < first_low;  // -1 where the low halves overflowed
        vu word[4];
        philox(dropout.key, low, (vu)(first_high - carry), dropout.sample, dropout.step, word);
        const vi which = (index >> 4) & 3;
        const vi chosen = select(which < 2, select(which == 0, (vi)word[0], (vi)word[1]),
                                 select(which == 2, (vi)word[2], (vi)word[3]));
        kept[v] = (chosen ^ broadcast(INT32_MIN)) >= threshold;
    }
}

GatheredDropout gathered_dropout(const SdpaShape& shape, uint32_t threshold, const SmyrfChunk& chunk,
                                 const int32_t* query_index, const int32_t* key_index) {
    const int64_t first = sdpa_dropout_element(shape, chunk.head, 0, 0);
    return {.key = shape.random.key,
            .step = shape.random.step,
            .sample = shape.random.first_sample + static_cast<uint32_t>(chunk.sample),
            .threshold = threshold,
            .keep_scale = 1.0F / (1.0F - shape.dropout),
            .query_index = query_index,
            .key_index = key_index,
            .first_element = first,
            .elements_per_key = sdpa_dropout_element(shape, chunk.head, 0, 1) - first};
}

/// Copies the indices of a block of queries, filled up to whole vectors.
void copy_indices(const int32_t* index, int64_t count, int32_t* to) {
    for (int64_t i = 0; i < count; ++i) to[i] = index[i];
    for (int64_t i = count; i < round_up(count, lanes); ++i) to[i] = 0;
}

/// The values of the queries of a block, `fill` in the lanes behind them.
void gather_values(const float* values, const int32_t* index, int64_t count, float fill, float* to) {
    for (int64_t i = 0; i < count; ++i) to[i] = values[index[i]];
    for (int64_t i = count; i < round_up(count, lanes); ++i) to[i] = fill;
}

/// The last key, counted from first_key, that query `first` of a chunk meets.
int64_t last_key_of(const SmyrfChunk& chunk, int64_t first, int64_t first_key) {
    return (chunk.diagonal < 0 ? chunk.keys : chunk.diagonal + first) - first_key;
}

/// Loads the log-sum-exp of a block of queries, less the logarithm of how often a pair counts; where there is none,
/// inf, so that exp(score - log_sum_exp) is 0.
void gather_log_sum_exp(const float* log_sum_exp, const int32_t* index, int64_t count, int64_t multiplicity,
                        float* to) {
    gather_values(log_sum_exp, index, count, infinity, to);
    const vf less = multiplicity > 1 ? log(broadcast(static_cast<float>(multiplicity))) : zero();
    for (int64_t i = 0; i < count; i += lanes) {
        const vf value = load(to + i);
        store(to + i, select(value == -infinity, broadcast(infinity), value - less));
    }
}

/// Memory of `workspace`: the scratch of the threads, then a float for each query.
float* per_query_memory(const SmyrfShape& shape, float* memory) {
    ChunkScratch scratch;
    return memory + task_workspace(lay_out(shape, nullptr, &scratch));
}

int64_t workspace(const SmyrfShape& shape) {
    ChunkScratch scratch;
    return task_workspace(lay_out(shape, nullptr, &scratch)) +
           shape.heads.batch * shape.heads.heads * shape.heads.queries;
}

}  // namespace

}  // namespace heed::HEED_ISA
