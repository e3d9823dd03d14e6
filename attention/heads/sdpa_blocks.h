#pragma once

// How the attention kernels cut their work into blocks of queries and keys, and the scratch memory of a thread. Part of
// sdpa_cpu.isa.cpp alone, hence the unnamed namespace.

#include "heed/attention/heads/head_rows.h"
#include "heed/attention/heads/sdpa_kernels.h"
#include "heed/attention/tiles/score_products.h"
#include "heed/attention/tiles/score_tile.h"
#include "heed/attention/tiles/task_scratch.h"
#include "heed/attention/tiles/tile_pack.h"

namespace heed::HEED_ISA {

namespace {

/// Queries first .. first + count - 1 of one head, and the keys that at least one of them sees: first_visible ..
/// visible
/// - 1; none where these are not in this order.
struct QueryBlock {
    int64_t sample;
    int64_t head;
    int64_t first;
    int64_t count;
    int64_t first_visible;
    int64_t visible;

    bool sees_keys() const { return first_visible < visible; }
};

int64_t key_count(const SdpaShape& shape, int64_t sample) {
    return shape.key_lengths == nullptr ? shape.keys : min(shape.keys, max(0, shape.key_lengths[sample]));
}

int64_t query_blocks(const SdpaShape& shape) {
    return (shape.queries + query_block - 1) / query_block;
}
int64_t key_blocks(const SdpaShape& shape) {
    return (shape.keys + key_block - 1) / key_block;
}

/// Keys seen by at least one of the queries 0 .. end - 1.
int64_t visible_keys(const SdpaShape& shape, int64_t sample, int64_t end) {
    const int64_t keys = key_count(shape, sample);
    return hides_future(shape) ? max(0, min(keys, last_key_of(shape, end - 1) + 1)) : keys;
}

QueryBlock query_block_at(const SdpaShape& shape, int64_t sample, int64_t head, int64_t block) {
    const int64_t first = block * query_block;
    const int64_t end = min(shape.queries, first + query_block);
    return {sample, head, first, end - first, first_key_of(shape, first), visible_keys(shape, sample, end)};
}

/// Scratch memory of one thread. The arrays a pass does not need share no memory with those that it does.
struct Scratch {
    float* query;         ///< [head_dim, queries] panels, times scale
    float* scores;        ///< tile
    float* d_weights;     ///< tile
    float* d_output;      ///< [head_dim, queries] panels
    float* rows[3];       ///< padded copies of rows of keys or values, queries and output gradients
    float* output;        ///< [queries, head_dim]
    float* per_query[3];  ///< maximum, sum and factor, or log-sum-exp and row_dot
};

/// Lays scratch out from `base`; returns the number of floats, also for base null.
int64_t lay_out(const SdpaShape& shape, float* base, Scratch* scratch) {
    const int64_t queries = round_up(min(shape.queries, query_block), panel_width);
    const int64_t keys = min(shape.keys, key_block);
    const int64_t width = round_up(shape.head_dim, lanes);
    int64_t used = 0;
    const auto take = [&](int64_t floats) {
        float* p = base == nullptr ? nullptr : base + used;
        used += round_up(floats, 16);
        return p;
    };
    scratch->query = take(queries * shape.head_dim);
    scratch->scores = take(keys * queries);
    scratch->d_weights = take(keys * queries);
    scratch->d_output = take(queries * shape.head_dim);
    scratch->rows[0] = take(keys * width);
    scratch->rows[1] = take(queries * width);
    scratch->rows[2] = take(queries * width);
    scratch->output = take(queries * width);
    for (float*& p : scratch->per_query) p = take(queries);
    return used;
}

int64_t workspace(const SdpaShape& shape) {
    Scratch scratch;
    return task_workspace(lay_out(shape, nullptr, &scratch));
}

/// Calls body(task, scratch) for all tasks; `cost` is the number of multiplications in one.
template <class Body>
void for_each_task(const SdpaShape& shape, float* memory, int64_t tasks, int64_t cost, const Body& body) {
    Scratch sizes_only;
    for_each_task_with_scratch(memory, lay_out(shape, nullptr, &sizes_only), tasks, cost,
                               [&](int64_t begin, int64_t end, float* floats) {
                                   Scratch scratch;
                                   lay_out(shape, floats, &scratch);
                                   for (int64_t task = begin; task < end; ++task) body(task, scratch);
                               });
}

int64_t task_cost(const SdpaShape& shape) {
    int64_t keys = shape.keys;
    if (hides_past(shape) && hides_future(shape)) {
        keys = min(keys, query_block + shape.before + max(0, shape.after));
    }
    return min(shape.queries, query_block) * keys * shape.head_dim;
}

/// In place where that is as fast, else a copy. Rows lie up to a page apart, so reading a long tile over and over
/// misses the first level of address translation; the register tile of AVX-512 is high enough to hide that.
FullRows full_rows(Rows<const float> rows, int64_t first, int64_t count, int64_t head_dim, float* copy) {
    const bool read_often = lanes < 16 && count > 64;
    if (head_dim % lanes == 0 && !read_often) return {rows.at(first), rows.stride};
    pack_rows(rows.at(first), rows.stride, count, head_dim, copy);
    return {copy, round_up(head_dim, lanes)};
}

/// Number of the last key, counted from first_key, that the first query of the block sees; all keys where the future is
/// not hidden.
int64_t last_key_of_first_query(const SdpaShape& shape, const QueryBlock& block, int64_t first_key) {
    return hides_future(shape) ? last_key_of(shape, block.first) - first_key : shape.keys;
}

/// Number of the first key that it sees, counted from first_key and from each next query on one more; so low that no
/// key is hidden where the past is not.
int64_t first_key_of_first_query(const SdpaShape& shape, const QueryBlock& block, int64_t first_key) {
    return hides_past(shape) ? block.first - shape.before - first_key : nothing_before;
}

/// Writes `value` where a query of the block must not see a key of the tile.
void fill_hidden(const SdpaShape& shape, const QueryBlock& block, int64_t first_key, const ScoreTile& tile,
                 float value) {
    if (hides_future(shape)) fill_future(tile, last_key_of_first_query(shape, block, first_key), value);
    if (hides_past(shape)) fill_past(tile, first_key_of_first_query(shape, block, first_key), value);
}

/// Loads the log-sum-exp of a block of queries. Queries that see no key and the lanes behind the last query get inf, so
/// that exp(score - log_sum_exp) is 0.
void load_log_sum_exp(const SdpaShape& shape, const float* log_sum_exp, const QueryBlock& block, float* to) {
    const float* from = log_sum_exp + (block.sample * shape.heads + block.head) * shape.queries + block.first;
    for (int64_t i = 0; i < block.count; i += lanes) {
        const int64_t count = min(lanes, block.count - i);
        vf v = load_partial(from + i, count);
        v = select(first_lanes(count), v, broadcast(-infinity));
        store(to + i, select(v == -infinity, broadcast(infinity), v));
    }
}

TileDropout tile_dropout(const SdpaShape& shape, uint32_t threshold, const QueryBlock& block, int64_t first_key) {
    return {.key = shape.random.key,
            .step = shape.random.step,
            .sample = shape.random.first_sample + static_cast<uint32_t>(block.sample),
            .threshold = threshold,
            .keep_scale = 1.0F / (1.0F - shape.dropout),
            .first_element = sdpa_dropout_element(shape, block.head, block.first, first_key),
            .elements_per_key = sdpa_dropout_element(shape, block.head, block.first, first_key + 1) -
                                sdpa_dropout_element(shape, block.head, block.first, first_key)};
}

}  // namespace

}  // namespace heed::HEED_ISA
