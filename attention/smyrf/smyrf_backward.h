#pragma once

// The gradients of SMYRF, pass by pass. Part of smyrf_cpu.isa.cpp alone, hence the unnamed namespace.

#include "heed/attention/smyrf/smyrf_chunk.h"

namespace heed::HEED_ISA {

namespace {

/// Sums over the components of d_output * output for all queries, [batch, heads, queries].
void row_dots(const SmyrfBackward& args, float* to) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t grain = max(1, 30000 / shape.head_dim);
    parallel_for(shape.batch * shape.heads * shape.queries, grain, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            const int64_t head = row / shape.queries;
            const float* a = head_rows(args.output, head / shape.heads, head % shape.heads).at(row % shape.queries);
            const float* b = head_rows(args.d_output, head / shape.heads, head % shape.heads).at(row % shape.queries);
            to[row] = row_dot(a, b, shape.head_dim);
        }
    });
}

/// Adds sums of a chunk's keys first_key .. first_key + keys - 1 to their gradients, which have something from earlier
/// passes, or from the queries before `first`.
void scatter_key_sums(const SmyrfChunk& chunk, int64_t first, int64_t first_key, int64_t keys, const float* sums,
                      const int32_t* key_index, int64_t head_dim, Rows<float> to) {
    int64_t old = 0;
    if (!chunk.first_pass) {
        old = keys;
    } else if (first > 0) {
        old = max(0, min(keys, visible_keys(chunk, first) - first_key));
    }
    scatter_rows(sums, key_index, old, head_dim, true, to);
    scatter_rows(sums + old * round_up(head_dim, lanes), key_index + old, keys - old, head_dim, false, to);
}

void backward_block(const SmyrfBackward& args, uint32_t threshold, const SmyrfChunk& chunk, int64_t first,
                    const float* row_dot, const ChunkScratch& scratch) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t head_dim = shape.head_dim;
    const int64_t width = round_up(head_dim, lanes);
    const int64_t count = min(query_block, chunk.queries - first);
    const int32_t* index = token_numbers(chunk.query_index, chunk.first_query, first, count, scratch.query_index);
    const int64_t row = (chunk.sample * shape.heads + chunk.head) * shape.queries;
    gather_rows(head_rows(args.query, chunk.sample, chunk.head), index, count, head_dim, scratch.query_rows);
    gather_rows(head_rows(args.d_output, chunk.sample, chunk.head), index, count, head_dim, scratch.d_output_rows);
    pack_transposed(scratch.query_rows, width, count, head_dim, shape.scale, scratch.query);
    pack_transposed(scratch.d_output_rows, width, count, head_dim, 1.0F, scratch.d_output);
    gather_log_sum_exp(args.log_sum_exp + row, index, count, chunk.multiplicity, scratch.per_query[0]);
    gather_values(row_dot + row, index, count, 0.0F, scratch.per_query[1]);
    if (threshold != 0) copy_indices(index, count, scratch.query_index);
    const int64_t visible = visible_keys(chunk, first + count);
    for (int64_t first_key = 0; first_key < visible; first_key += key_block) {
        const int64_t keys = min(key_block, visible - first_key);
        const int32_t* key_index = token_numbers(chunk.key_index, chunk.first_key, first_key, keys, scratch.key_index);
        const int64_t last_key = last_key_of(chunk, first, first_key);
        gather_rows(head_rows(args.key, chunk.sample, chunk.head), key_index, keys, head_dim, scratch.key_rows);
        gather_rows(head_rows(args.value, chunk.sample, chunk.head), key_index, keys, head_dim, scratch.value_rows);
        const ScoreTile weights =
            key_query_products(scratch.key_rows, width, keys, scratch.query, count, head_dim, scratch.scores);
        const ScoreTile d_scores =
            key_query_products(scratch.value_rows, width, keys, scratch.d_output, count, head_dim, scratch.d_weights);
        if (threshold != 0) {
            softmax_dropout_backward(weights, d_scores.scores, scratch.per_query[0], scratch.per_query[1], shape.scale,
                                     gathered_dropout(shape, threshold, chunk, scratch.query_index, key_index));
        } else {
            softmax_backward(weights, d_scores.scores, scratch.per_query[0], scratch.per_query[1], shape.scale);
        }
        fill_future(weights, last_key, 0.0F);
        fill_future(d_scores, last_key, 0.0F);
        add_over_queries(weights, 0, keys, {scratch.d_output_rows, width}, count, width, false, scratch.sums, width);
        scatter_key_sums(chunk, first, first_key, keys, scratch.sums, key_index, head_dim,
                         head_rows(args.d_value, chunk.sample, chunk.head));
        add_over_queries(d_scores, 0, keys, {scratch.query_rows, width}, count, width, false, scratch.sums, width);
        scatter_key_sums(chunk, first, first_key, keys, scratch.sums, key_index, head_dim,
                         head_rows(args.d_key, chunk.sample, chunk.head));
        add_over_keys(d_scores, count, last_key, {scratch.key_rows, width}, width, false, scratch.sums, width);
        scatter_rows(scratch.sums, index, count, head_dim, !chunk.first_pass || first_key > 0,
                     head_rows(args.d_query, chunk.sample, chunk.head));
    }
}

/// Zero gradients for the keys of a chunk that no query chose. Keys of a sample without queries have no order.
void fill_unused_keys(const SmyrfBackward& args, const SmyrfChunk& chunk) {
    if (smyrf_query_count(args.shape, chunk.sample) == 0) return;
    for (int64_t i = 0; i < chunk.keys; ++i) {
        const int64_t key = chunk.key_index[i];
        fill_rows(head_rows(args.d_key, chunk.sample, chunk.head), key, key + 1, args.shape.heads.head_dim, 0.0F);
        fill_rows(head_rows(args.d_value, chunk.sample, chunk.head), key, key + 1, args.shape.heads.head_dim, 0.0F);
    }
}

/// Zero gradients for the tokens that take part in nothing.
void fill_unused_gradients(const SmyrfBackward& args, const SmyrfChunk& chunk) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t queries = smyrf_query_count(args.shape, chunk.sample);
    const int64_t keys = smyrf_key_count(args.shape, chunk.sample);
    const bool used = queries > 0 && keys > 0;
    fill_rows(head_rows(args.d_query, chunk.sample, chunk.head), used ? queries : 0, shape.queries, shape.head_dim,
              0.0F);
    fill_rows(head_rows(args.d_key, chunk.sample, chunk.head), used ? keys : 0, shape.keys, shape.head_dim, 0.0F);
    fill_rows(head_rows(args.d_value, chunk.sample, chunk.head), used ? keys : 0, shape.keys, shape.head_dim, 0.0F);
}

void backward(const SmyrfBackward& args) {
    const uint32_t threshold = drop_threshold(static_cast<double>(args.shape.heads.dropout));
    float* row_dot = per_query_memory(args.shape, args.workspace);
    row_dots(args, row_dot);
    for (int64_t pass = 0; pass < smyrf_passes(args.shape); ++pass) {
        for_each_chunk(args, pass, 5, [&](const SmyrfChunk& chunk, const ChunkScratch& scratch) {
            if (chunk.index == 0 && pass == 0) fill_unused_gradients(args, chunk);
            if (chunk.queries == 0 && chunk.first_pass) fill_unused_keys(args, chunk);
            for (int64_t first = 0; first < chunk.queries; first += query_block) {
                backward_block(args, threshold, chunk, first, row_dot, scratch);
            }
        });
    }
}

}  // namespace

}  // namespace heed::HEED_ISA
