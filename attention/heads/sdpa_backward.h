#pragma once

// The gradients of scaled dot-product attention. Part of sdpa_cpu.isa.cpp alone, hence the unnamed namespace.

#include "heed/attention/heads/sdpa_blocks.h"
#include "heed/attention/heads/sdpa_kernels.h"

namespace heed::HEED_ISA {

namespace {

/// Sums over the components of d_output * output, which are those over the keys of weight * gradient of the weight.
void row_dots(Rows<const float> output, Rows<const float> d_output, const QueryBlock& block, int64_t head_dim,
              float* to) {
    for (int64_t i = 0; i < block.count; ++i) {
        to[i] = row_dot(output.at(block.first + i), d_output.at(block.first + i), head_dim);
    }
    for (int64_t i = block.count; i < round_up(block.count, lanes); ++i) to[i] = 0.0F;
}

/// Which gradients of a head a task computes: those of the keys and values first_key .. end_key - 1 (all their queries
/// must then be in the task), those of the queries of its blocks (all their keys must then be in the task), or both.
struct BackwardPart {
    int64_t sample;
    int64_t head;
    int64_t first_block;
    int64_t end_block;
    int64_t first_key;
    int64_t end_key;
    bool query_gradient;
    bool key_gradient;
};

/// Adds the sums over the queries of a tile to gradients of keys or values. Keys up to `seen` have got something from
/// earlier queries, which is added to.
void add_to_keys(const ScoreTile& tile, const QueryBlock& block, const FullRows& rows, int64_t first_key, int64_t seen,
                 int64_t head_dim, Rows<float> d_rows) {
    const int64_t old = max(0, min(tile.keys, seen - first_key));
    add_over_queries(tile, 0, old, rows, block.count, head_dim, true, d_rows.at(first_key), d_rows.stride);
    add_over_queries(tile, old, tile.keys, rows, block.count, head_dim, false, d_rows.at(first_key + old),
                     d_rows.stride);
}

void backward_part(const SdpaBackward& args, uint32_t threshold, const BackwardPart& part, const Scratch& scratch) {
    const SdpaShape& shape = args.shape;
    const int64_t head_dim = shape.head_dim;
    const Rows<const float> query = head_rows(args.query, part.sample, part.head);
    const Rows<const float> key = head_rows(args.key, part.sample, part.head);
    const Rows<const float> value = head_rows(args.value, part.sample, part.head);
    const Rows<const float> output = head_rows(args.output, part.sample, part.head);
    const Rows<const float> d_output = head_rows(args.d_output, part.sample, part.head);
    const Rows<float> d_query = head_rows(args.d_query, part.sample, part.head);
    const Rows<float> d_key = head_rows(args.d_key, part.sample, part.head);
    const Rows<float> d_value = head_rows(args.d_value, part.sample, part.head);
    float* log_sum_exp = scratch.per_query[0];
    float* row_dot = scratch.per_query[1];
    int64_t seen = 0;  // keys that queries of earlier blocks see
    for (int64_t i = part.first_block; i < part.end_block; ++i) {
        const QueryBlock block = query_block_at(shape, part.sample, part.head, i);
        const int64_t begin_key = max(part.first_key, block.first_visible);
        const int64_t end_key = min(part.end_key, block.visible);
        if (part.query_gradient && !block.sees_keys()) {
            fill_rows(d_query, block.first, block.first + block.count, head_dim, 0.0F);
        }
        if (end_key <= begin_key) continue;
        pack_transposed(query.at(block.first), query.stride, block.count, head_dim, shape.scale, scratch.query);
        pack_transposed(d_output.at(block.first), d_output.stride, block.count, head_dim, 1.0F, scratch.d_output);
        load_log_sum_exp(shape, args.log_sum_exp, block, log_sum_exp);
        row_dots(output, d_output, block, head_dim, row_dot);
        const FullRows queries = full_rows(query, block.first, block.count, head_dim, scratch.rows[1]);
        const FullRows d_outputs = full_rows(d_output, block.first, block.count, head_dim, scratch.rows[2]);
        for (int64_t first_key = begin_key; first_key < end_key; first_key += key_block) {
            const int64_t keys = min(key_block, end_key - first_key);
            const ScoreTile weights = key_query_products(key.at(first_key), key.stride, keys, scratch.query,
                                                         block.count, head_dim, scratch.scores);
            const ScoreTile d_scores = key_query_products(value.at(first_key), value.stride, keys, scratch.d_output,
                                                          block.count, head_dim, scratch.d_weights);
            if (threshold != 0) {
                softmax_dropout_backward(weights, d_scores.scores, log_sum_exp, row_dot, shape.scale,
                                         tile_dropout(shape, threshold, block, first_key));
            } else {
                softmax_backward(weights, d_scores.scores, log_sum_exp, row_dot, shape.scale);
            }
            fill_hidden(shape, block, first_key, weights, 0.0F);
            fill_hidden(shape, block, first_key, d_scores, 0.0F);
            if (part.key_gradient) {
                add_to_keys(weights, block, d_outputs, first_key, seen, head_dim, d_value);
                add_to_keys(d_scores, block, queries, first_key, seen, head_dim, d_key);
            }
            if (part.query_gradient) {
                const FullRows key_rows = full_rows(key, first_key, keys, head_dim, scratch.rows[0]);
                add_over_keys(d_scores, block.count, last_key_of_first_query(shape, block, first_key), key_rows,
                              head_dim, first_key > begin_key, d_query.at(block.first), d_query.stride,
                              first_key_of_first_query(shape, block, first_key));
            }
        }
        seen = max(seen, block.visible);
    }
    if (part.key_gradient) {
        const int64_t begin = max(part.first_key, seen);
        fill_rows(d_key, begin, part.end_key, head_dim, 0.0F);
        fill_rows(d_value, begin, part.end_key, head_dim, 0.0F);
    }
}

void backward(const SdpaBackward& args) {
    const SdpaShape& shape = args.shape;
    const uint32_t threshold = drop_threshold(static_cast<double>(shape.dropout));
    const int64_t q_blocks = query_blocks(shape);
    const int64_t k_blocks = key_blocks(shape);
    const int64_t heads = shape.batch * shape.heads;
    const int64_t cost = task_cost(shape);
    // Five products for each tile where a task owns a head. With fewer heads than threads, one task for each block of
    // keys (four products) and then of queries (three) can be faster; every sum keeps its order, so the bits are the
    // same.
    const int64_t threads = thread_count();
    const auto rounds = [threads](int64_t tasks) { return (tasks + threads - 1) / threads; };
    const bool whole_heads = 5 * rounds(heads) * q_blocks * k_blocks <=
                             4 * rounds(heads * k_blocks) * q_blocks + 3 * rounds(heads * q_blocks) * k_blocks;
    if (whole_heads) {
        for_each_task(shape, args.workspace, heads, 5 * q_blocks * cost, [&](int64_t task, const Scratch& scratch) {
            backward_part(args, threshold,
                          {.sample = task / shape.heads,
                           .head = task % shape.heads,
                           .first_block = 0,
                           .end_block = q_blocks,
                           .first_key = 0,
                           .end_key = shape.keys,
                           .query_gradient = true,
                           .key_gradient = true},
                          scratch);
        });
        return;
    }
    for_each_task(shape, args.workspace, heads * k_blocks, cost, [&](int64_t task, const Scratch& scratch) {
        const int64_t head = task / k_blocks;
        const int64_t first_key = task % k_blocks * key_block;
        backward_part(args, threshold,
                      {.sample = head / shape.heads,
                       .head = head % shape.heads,
                       .first_block = 0,
                       .end_block = q_blocks,
                       .first_key = first_key,
                       .end_key = min(shape.keys, first_key + key_block),
                       .query_gradient = false,
                       .key_gradient = true},
                      scratch);
    });
    for_each_task(shape, args.workspace, heads * q_blocks, cost, [&](int64_t task, const Scratch& scratch) {
        const int64_t head = task / q_blocks;
        backward_part(args, threshold,
                      {.sample = head / shape.heads,
                       .head = head % shape.heads,
                       .first_block = task % q_blocks,
                       .end_block = task % q_blocks + 1,
                       .first_key = 0,
                       .end_key = shape.keys,
                       .query_gradient = true,
                       .key_gradient = false},
                      scratch);
    });
}

}  // namespace

}  // namespace heed::HEED_ISA
