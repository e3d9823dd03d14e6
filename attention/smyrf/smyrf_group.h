#pragma once

// The lists of the causal forms of SMYRF: keys sorted, the mean keys of their chunks, and each query's chunk. Part of
// smyrf_cpu.isa.cpp alone, hence the unnamed namespace.

#include "heed/attention/smyrf/orders/smyrf_sort.h"
#include "heed/attention/tiles/score_products.h"
#include "heed/attention/tiles/score_tile.h"
#include "heed/attention/tiles/tile_pack.h"

namespace heed::HEED_ISA {

namespace {

/// Scratch memory of one thread.
struct GroupScratch {
    SortScratch sort;
    float* query;     ///< [head_dim, queries] panels of a block of queries
    float* products;  ///< [chunks, queries] of a block of each
    float* best;      ///< per query of a block: the greatest product
    int32_t* best_chunk;
    int32_t* chunk_of;  ///< of all queries of a list
};

int64_t lay_out(const SmyrfShape& shape, float* base, GroupScratch* scratch) {
    const int64_t queries = round_up(min(shape.heads.queries, query_block), panel_width);
    int64_t used = 0;
    const auto take = [&](int64_t floats) {
        float* p = base == nullptr ? nullptr : base + used;
        used += round_up(floats, 16);
        return p;
    };
    for (SortKey*& keys : scratch->sort.keys) keys = reinterpret_cast<SortKey*>(take(2 * shape.heads.keys));
    scratch->sort.counts = reinterpret_cast<uint32_t*>(take(most_digits << widest_digit));
    scratch->query = take(queries * shape.heads.head_dim);
    scratch->products = take(queries * min(key_block, max(1, smyrf_list_table(shape))));
    scratch->best = take(queries);
    scratch->best_chunk = reinterpret_cast<int32_t*>(take(queries));
    scratch->chunk_of = reinterpret_cast<int32_t*>(take(shape.heads.queries));
    return used;
}

/// The keys and queries of one list.
struct List {
    int64_t first_key;
    int64_t keys;
    int64_t chunks;
    SmyrfQueries queries;
    bool sorted;  ///< order and means of the keys are there
    int32_t* key_order;
    int32_t* query_order;
    int32_t* ends;
    float* means;
};

/// A vector that all keys have in common moves neither their order nor, later, the choice of a query.
void sort_list(const List& list, Rows<const float> rows, int64_t head_dim, const float* direction,
               const SortScratch& scratch) {
    for (int64_t i = list.first_key; i < list.first_key + list.keys; ++i) {
        const float hash = row_dot(rows.at(i), direction, head_dim);
        scratch.keys[0][i - list.first_key] = static_cast<SortKey>(sortable(hash)) << 32 | static_cast<uint32_t>(i);
    }
    const SortKey* keys = sort_keys(scratch.keys[0], scratch.keys[1], scratch.counts, list.keys);
    for (int64_t i = 0; i < list.keys; ++i) list.key_order[i] = static_cast<int32_t>(keys[i] & 0xFFFFFFFFU);
}

void mean_keys(const List& list, Rows<const float> rows, int64_t head_dim) {
    for (int64_t chunk = 0; chunk < list.chunks; ++chunk) {
        const int64_t begin = smyrf_border(chunk, list.chunks, list.keys);
        const int64_t end = smyrf_border(chunk + 1, list.chunks, list.keys);
        const float share = 1.0F / static_cast<float>(end - begin);
        float* mean = list.means + chunk * head_dim;
        for (int64_t c = 0; c < head_dim; c += lanes) {
            const int64_t width = min(lanes, head_dim - c);
            vf sum = zero();
            for (int64_t i = begin; i < end; ++i) {
                const float* row = rows.at(list.key_order[i]) + c;
                sum += width == lanes ? load(row) : load_partial(row, width);
            }
            store_partial(mean + c, sum * share, width);
        }
    }
}

/// Brings the greatest products of a block of queries up to date with those of the chunks from first_chunk on. NaN is
/// greater than all numbers, so that it shows in the output of every query that might use it.
void keep_greatest(const ScoreTile& tile, int64_t first_chunk, float* best, int32_t* best_chunk) {
    for (int64_t query = 0; query < tile.width; query += lanes) {
        vf greatest = load(best + query);
        vi chunk = load(best_chunk + query);
        for (int64_t i = 0; i < tile.keys; ++i) {
            const vf product = load(tile.scores + i * tile.stride + query);
            const vi greater = (product > greatest) | ((product != product) & (greatest == greatest));
            greatest = select(greater, product, greatest);
            chunk = select(greater, broadcast(static_cast<int32_t>(first_chunk + i)), chunk);
        }
        store(best + query, greatest);
        store(best_chunk + query, chunk);
    }
}

void choose_chunks(const List& list, Rows<const float> rows, int64_t head_dim, const GroupScratch& scratch) {
    for (int64_t first = 0; first < list.queries.count; first += query_block) {
        const int64_t count = min(query_block, list.queries.count - first);
        const int64_t width = round_up(count, lanes);
        pack_transposed(rows.at(list.queries.first + first), rows.stride, count, head_dim, 1.0F, scratch.query);
        for (int64_t i = 0; i < width; i += lanes) {
            store(scratch.best + i, broadcast(-infinity));
            store(scratch.best_chunk + i, broadcast(0));
        }
        for (int64_t chunk = 0; chunk < list.chunks; chunk += key_block) {
            const int64_t chunks = min(key_block, list.chunks - chunk);
            const ScoreTile tile = key_query_products(list.means + chunk * head_dim, head_dim, chunks, scratch.query,
                                                      count, head_dim, scratch.products);
            keep_greatest(tile, chunk, scratch.best, scratch.best_chunk);
        }
        for (int64_t i = 0; i < count; ++i) scratch.chunk_of[first + i] = scratch.best_chunk[i];
    }
}

/// Writes the queries of a list chunk by chunk, each chunk's in their order.
void group_queries(const List& list, const int32_t* chunk_of) {
    for (int64_t chunk = 0; chunk < list.chunks; ++chunk) list.ends[chunk] = 0;
    for (int64_t i = 0; i < list.queries.count; ++i) {
        if (chunk_of[i] + 1 < list.chunks) ++list.ends[chunk_of[i] + 1];
    }
    // ends[c] is where chunk c begins; each query that is written moves it on, in the end to where the chunk ends.
    for (int64_t chunk = 1; chunk < list.chunks; ++chunk) list.ends[chunk] += list.ends[chunk - 1];
    for (int64_t i = 0; i < list.queries.count; ++i) {
        list.query_order[list.ends[chunk_of[i]]++] = static_cast<int32_t>(list.queries.first + i);
    }
}

/// The list of causal cross-attention.
List source_list(const SmyrfGroup& args, int64_t sample, int64_t head, int64_t round) {
    const SmyrfShape& shape = args.shape;
    const int64_t row = (sample * shape.heads.heads + head) * shape.rounds + round;
    const int64_t first_chunk = row * smyrf_list_table(shape);
    const int64_t keys = smyrf_key_count(shape, sample);
    return {.first_key = 0,
            .keys = keys,
            .chunks = smyrf_list_chunks(keys, shape.cluster),
            .queries = {0, smyrf_query_count(shape, sample)},
            .sorted = args.grouped_before > 0,
            .key_order = args.key_order + row * shape.heads.keys,
            .query_order = args.query_order + row * shape.heads.queries,
            .ends = args.ends + first_chunk,
            .means = args.means + first_chunk * shape.heads.head_dim};
}

/// The list of a pair of blocks.
List block_list(const SmyrfGroup& args, int64_t sample, int64_t head, int64_t round, int64_t level, int64_t pair) {
    const SmyrfShape& shape = args.shape;
    const SmyrfLevel here = smyrf_level(shape, level);
    const int64_t row = (sample * shape.heads.heads + head) * shape.rounds + round;
    const int64_t first_chunk = row * smyrf_list_table(shape) + here.first_chunk + pair * here.chunks;
    const int64_t first_key = 2 * pair * here.size, first_token = first_key + here.size;
    int32_t* order = args.key_order + (row * smyrf_levels(shape) + level) * shape.heads.keys;
    return {.first_key = first_key,
            .keys = here.size,
            .chunks = here.chunks,
            .queries = smyrf_queries_of_block(shape, sample, first_token, here.size),
            .sorted = first_token < args.grouped_before,
            .key_order = order + first_key,
            .query_order = order + first_token,
            .ends = args.ends + first_chunk,
            .means = args.means + first_chunk * shape.heads.head_dim};
}

void group_list(const SmyrfGroup& args, int64_t sample, int64_t head, int64_t round, const List& list,
                const GroupScratch& scratch) {
    const int64_t head_dim = args.shape.heads.head_dim;
    const Rows<const float> key = head_rows(args.key, sample, head);
    const bool used = list.queries.count > 0 && list.keys > 0;
    // A single chunk keeps its keys in order: it then gives the bits of dense attention.
    for (int64_t i = 0; list.chunks == 1 && i < list.keys; ++i) {
        list.key_order[i] = static_cast<int32_t>(list.first_key + i);
    }
    if (used && list.chunks > 1 && !list.sorted) {
        sort_list(list, key, head_dim, args.directions + (round * args.shape.heads.heads + head) * head_dim,
                  scratch.sort);
        mean_keys(list, key, head_dim);
    }
    if (used && list.chunks > 1) {
        choose_chunks(list, head_rows(args.query, sample, head), head_dim, scratch);
    } else {
        for (int64_t i = 0; i < list.queries.count; ++i) scratch.chunk_of[i] = 0;
    }
    group_queries(list, scratch.chunk_of);
}

int64_t group_workspace(const SmyrfShape& shape) {
    GroupScratch scratch;
    return task_workspace(lay_out(shape, nullptr, &scratch));
}

void group(const SmyrfGroup& args) {
    const SmyrfShape& shape = args.shape;
    const int64_t rounds = shape.rounds, heads = shape.heads.heads;
    const bool self = shape.form == SmyrfForm::causal_self;
    int64_t lists = self ? 0 : 1;  // of a head in a round
    for (int64_t level = 0; level < smyrf_levels(shape); ++level) {
        lists += smyrf_level(shape, level).pairs - smyrf_level(shape, level).first_pair;
    }
    GroupScratch sizes_only;
    const int64_t cost = (shape.heads.queries + shape.heads.keys) / max(1, lists) * (4 * shape.heads.head_dim + 30);
    for_each_task_with_scratch(
        args.workspace, lay_out(shape, nullptr, &sizes_only), shape.heads.batch * heads * rounds * lists, cost,
        [&](int64_t begin, int64_t end, float* floats) {
            GroupScratch scratch;
            lay_out(shape, floats, &scratch);
            for (int64_t task = begin; task < end; ++task) {
                const int64_t round = task / lists % rounds, head = task / lists / rounds % heads;
                const int64_t sample = task / lists / rounds / heads;
                if (!self) {
                    group_list(args, sample, head, round, source_list(args, sample, head, round), scratch);
                    continue;
                }
                int64_t level = 0, pair = task % lists;
                SmyrfLevel here = smyrf_level(shape, 0);
                while (pair >= here.pairs - here.first_pair) {
                    pair -= here.pairs - here.first_pair;
                    here = smyrf_level(shape, ++level);
                }
                group_list(args, sample, head, round,
                           block_list(args, sample, head, round, level, here.first_pair + pair), scratch);
            }
        });
}

}  // namespace

}  // namespace heed::HEED_ISA
