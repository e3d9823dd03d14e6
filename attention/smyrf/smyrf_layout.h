#pragma once

#include "heed/attention/smyrf/smyrf_kernels.h"

// Which queries and keys the forms of SMYRF bring together, as a list of passes over chunks. Included by kernels that
// are compiled once per instruction set: functions here must always be inlined.
//
// Causal self-attention covers the past by aligned blocks. Level l has blocks of size S = block * 2^l, in pairs: the
// queries of the right block of a pair meet the keys of the left one, which they have behind them as a whole. Over all
// levels, and with the own block of `block` tokens, each earlier token is behind a query exactly once. The keys of a
// left block are one list of ceil(S / cluster) chunks. In causal cross-attention the source is the only list.

namespace heed {

/// The number of tokens of a block: blocks that are no longer than a cluster would be met as a whole, so they are
/// doubled until they are.
[[gnu::always_inline]] constexpr int64_t smyrf_block(int64_t block, int64_t cluster) {
    while (block <= cluster) block *= 2;
    return block;
}

/// Number of chunks of a list of sorted keys.
[[gnu::always_inline]] constexpr int64_t smyrf_list_chunks(int64_t keys, int64_t cluster) {
    return keys > cluster ? (keys + cluster - 1) / cluster : 1;
}

/// The pairs of blocks of one level.
struct SmyrfLevel {
    int64_t size;         ///< of a block
    int64_t pairs;        ///< whose right block has a token
    int64_t chunks;       ///< of a left block
    int64_t first_pair;   ///< the first pair whose right block does not end before the first query
    int64_t first_chunk;  ///< number of chunks of the levels below
};

/// Number of levels: those whose blocks are shorter than the sequence.
[[gnu::always_inline]] constexpr int64_t smyrf_levels(const SmyrfShape& shape) {
    int64_t levels = 0;
    while (shape.form == SmyrfForm::causal_self && shape.block << levels < shape.heads.keys) ++levels;
    return levels;
}

[[gnu::always_inline]] constexpr SmyrfLevel smyrf_level(const SmyrfShape& shape, int64_t level) {
    SmyrfLevel result{};
    for (int64_t l = 0; l <= level; ++l) {
        result.first_chunk += result.pairs * result.chunks;
        result.size = shape.block << l;
        result.pairs = (shape.heads.keys + result.size - 1) / (2 * result.size);
        result.chunks = smyrf_list_chunks(result.size, shape.cluster);
    }
    const int64_t first = shape.first_query / (2 * result.size);
    result.first_pair = first < result.pairs ? first : result.pairs;
    return result;
}

/// Number of chunks of all lists of a head in a round, whatever the lengths; 0 in the form of clusters.
[[gnu::always_inline]] constexpr int64_t smyrf_list_table(const SmyrfShape& shape) {
    if (shape.form == SmyrfForm::clusters) return 0;
    if (shape.form == SmyrfForm::causal_cross) return smyrf_list_chunks(shape.heads.keys, shape.cluster);
    const int64_t levels = smyrf_levels(shape);
    if (levels == 0) return 0;
    const SmyrfLevel last = smyrf_level(shape, levels - 1);
    return last.first_chunk + last.pairs * last.chunks;
}

[[gnu::always_inline]] constexpr int64_t smyrf_real_length(const int32_t* lengths, int64_t sample, int64_t tokens) {
    if (lengths == nullptr) return tokens;
    const int64_t length = lengths[sample];
    return length < 0 ? 0 : length < tokens ? length : tokens;
}

/// Numbers of real keys and real queries of a sample.
[[gnu::always_inline]] constexpr int64_t smyrf_key_count(const SmyrfShape& shape, int64_t sample) {
    return smyrf_real_length(shape.heads.key_lengths, sample, shape.heads.keys);
}
[[gnu::always_inline]] constexpr int64_t smyrf_query_count(const SmyrfShape& shape, int64_t sample) {
    if (shape.form != SmyrfForm::causal_self) {
        return smyrf_real_length(shape.query_lengths, sample, shape.heads.queries);
    }
    const int64_t left = smyrf_key_count(shape, sample) - shape.first_query;
    return left < 0 ? 0 : left < shape.heads.queries ? left : shape.heads.queries;
}

/// The queries of the right block of a pair: query numbers first .. first + count - 1.
struct SmyrfQueries {
    int64_t first;
    int64_t count;
};
[[gnu::always_inline]] constexpr SmyrfQueries smyrf_queries_of_block(const SmyrfShape& shape, int64_t sample,
                                                                     int64_t first_token, int64_t tokens) {
    const int64_t end_token = first_token + tokens - shape.first_query;
    const int64_t real = smyrf_query_count(shape, sample);
    const int64_t first = first_token > shape.first_query ? first_token - shape.first_query : 0;
    const int64_t end = end_token < real ? end_token : real;
    return {first, end > first ? end - first : 0};
}

/// Orders of queries and keys, and the ends of the causal forms.
struct SmyrfLists {
    const int32_t* query_order;
    const int32_t* key_order;
    const int32_t* ends;
};

/// One chunk of one head in one pass: `queries` queries meet `keys` keys.
struct SmyrfChunk {
    int64_t sample;
    int64_t head;
    int64_t index;               ///< within the head and pass
    const int32_t* query_index;  ///< the numbers of the queries; null: consecutive ones from first_query on
    int64_t first_query;
    int64_t queries;
    const int32_t* key_index;  ///< likewise
    int64_t first_key;
    int64_t keys;
    bool first_pass;       ///< of these queries, and of these keys
    bool last_pass;        ///< of these queries; never said in causal_self
    int64_t diagonal;      ///< -1, or in the own block: query i of the chunk meets its keys 0 .. diagonal + i
    int64_t multiplicity;  ///< how often a pair counts
};

/// Passes over all chunks: in each of them a query or key is in at most one chunk.
[[gnu::always_inline]] constexpr int64_t smyrf_passes(const SmyrfShape& shape) {
    return shape.form == SmyrfForm::causal_self ? 1 + smyrf_levels(shape) * shape.rounds : shape.rounds;
}

/// Most chunks of a head in a pass, whatever the lengths.
[[gnu::always_inline]] constexpr int64_t smyrf_pass_chunks(const SmyrfShape& shape, int64_t pass) {
    if (shape.form == SmyrfForm::clusters) return smyrf_chunks(shape.heads.queries, shape.heads.keys, shape.cluster);
    if (shape.form == SmyrfForm::causal_cross) return smyrf_list_table(shape);
    if (pass == 0) {
        const int64_t blocks = (shape.heads.keys + shape.block - 1) / shape.block - shape.first_query / shape.block;
        return blocks > 1 ? blocks : 1;
    }
    const SmyrfLevel level = smyrf_level(shape, (pass - 1) / shape.rounds);
    return (level.pairs - level.first_pair) * level.chunks;
}

namespace detail {

[[gnu::always_inline]] constexpr bool smyrf_cluster(const SmyrfShape& shape, const SmyrfLists& lists, int64_t round,
                                                    SmyrfChunk* chunk) {
    const int64_t queries = smyrf_query_count(shape, chunk->sample), keys = smyrf_key_count(shape, chunk->sample);
    const int64_t chunks = smyrf_chunks(queries, keys, shape.cluster);
    const int64_t rounds = chunks == 1 ? 1 : shape.rounds;
    if (chunk->index >= chunks || round >= rounds) return false;
    const int64_t order = (chunk->sample * shape.heads.heads + chunk->head) * shape.rounds + round;
    const int64_t first_query = smyrf_border(chunk->index, chunks, queries);
    const int64_t first_key = smyrf_border(chunk->index, chunks, keys);
    chunk->query_index = lists.query_order + order * shape.heads.queries + first_query;
    chunk->queries = smyrf_border(chunk->index + 1, chunks, queries) - first_query;
    chunk->key_index = lists.key_order + order * shape.heads.keys + first_key;
    chunk->keys = smyrf_border(chunk->index + 1, chunks, keys) - first_key;
    chunk->first_pass = round == 0;
    chunk->last_pass = round == rounds - 1;
    return true;
}

[[gnu::always_inline]] constexpr bool smyrf_source_chunk(const SmyrfShape& shape, const SmyrfLists& lists,
                                                         int64_t round, SmyrfChunk* chunk) {
    const int64_t keys = smyrf_key_count(shape, chunk->sample);
    const int64_t chunks = smyrf_list_chunks(keys, shape.cluster);
    const int64_t rounds = chunks == 1 ? 1 : shape.rounds;
    if (chunk->index >= chunks || round >= rounds) return false;
    const int64_t order = (chunk->sample * shape.heads.heads + chunk->head) * shape.rounds + round;
    const int32_t* ends = lists.ends + order * smyrf_list_table(shape);
    const int64_t first_query = chunk->index == 0 ? 0 : ends[chunk->index - 1];
    const int64_t first_key = smyrf_border(chunk->index, chunks, keys);
    chunk->query_index = lists.query_order + order * shape.heads.queries + first_query;
    chunk->queries = ends[chunk->index] - first_query;
    chunk->key_index = lists.key_order + order * shape.heads.keys + first_key;
    chunk->keys = smyrf_border(chunk->index + 1, chunks, keys) - first_key;
    chunk->first_pass = round == 0;
    chunk->last_pass = round == rounds - 1;
    return true;
}

[[gnu::always_inline]] constexpr bool smyrf_own_block(const SmyrfShape& shape, SmyrfChunk* chunk) {
    const int64_t first = (shape.first_query / shape.block + chunk->index) * shape.block;
    const SmyrfQueries queries = smyrf_queries_of_block(shape, chunk->sample, first, shape.block);
    if (queries.count == 0 && chunk->index > 0) return false;
    const int64_t end = shape.first_query + queries.first + queries.count;
    chunk->first_query = queries.first;
    chunk->queries = queries.count;
    chunk->first_key = first;
    chunk->keys = queries.count > 0 ? end - first : 0;
    chunk->first_pass = true;
    chunk->diagonal = shape.first_query + queries.first - first;
    chunk->multiplicity = shape.rounds;
    return true;
}

[[gnu::always_inline]] constexpr bool smyrf_earlier_chunk(const SmyrfShape& shape, const SmyrfLists& lists,
                                                          int64_t level, int64_t round, SmyrfChunk* chunk) {
    const SmyrfLevel here = smyrf_level(shape, level);
    const int64_t pair = here.first_pair + chunk->index / here.chunks, index = chunk->index % here.chunks;
    const int64_t head = (chunk->sample * shape.heads.heads + chunk->head) * shape.rounds + round;
    const int32_t* ends = lists.ends + head * smyrf_list_table(shape) + here.first_chunk + pair * here.chunks;
    const int64_t first_query = index == 0 ? 0 : ends[index - 1];
    if (ends[index] == first_query) return false;
    const int32_t* order = lists.key_order + (head * smyrf_levels(shape) + level) * shape.heads.keys;
    const int64_t first_key = smyrf_border(index, here.chunks, here.size);
    chunk->query_index = order + (2 * pair + 1) * here.size + first_query;
    chunk->queries = ends[index] - first_query;
    chunk->key_index = order + 2 * pair * here.size + first_key;
    chunk->keys = smyrf_border(index + 1, here.chunks, here.size) - first_key;
    return true;
}

}  // namespace detail

/// Chunk number `index` of a head in a pass; false where there is none. In the first pass of the forms other than
/// causal_cross, and always in the own blocks, chunk 0 exists though it may be empty.
[[gnu::always_inline]] constexpr bool smyrf_find_chunk(const SmyrfShape& shape, const SmyrfLists& lists, int64_t sample,
                                                       int64_t head, int64_t pass, int64_t index, SmyrfChunk* chunk) {
    *chunk = {};
    chunk->sample = sample;
    chunk->head = head;
    chunk->index = index;
    chunk->diagonal = -1;
    chunk->multiplicity = 1;
    if (shape.form == SmyrfForm::clusters) return detail::smyrf_cluster(shape, lists, pass, chunk);
    if (shape.form == SmyrfForm::causal_cross) return detail::smyrf_source_chunk(shape, lists, pass, chunk);
    if (pass == 0) return detail::smyrf_own_block(shape, chunk);
    return detail::smyrf_earlier_chunk(shape, lists, (pass - 1) / shape.rounds, (pass - 1) % shape.rounds, chunk);
}

}  // namespace heed
