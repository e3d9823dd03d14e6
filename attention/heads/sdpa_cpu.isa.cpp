#include "heed/attention/heads/sdpa_blocks.h"

namespace heed::HEED_ISA {

namespace {

/// True when no value of rows begin .. end - 1 is infinite or NaN.
bool all_finite(const FullRows& rows, int64_t begin, int64_t end, int64_t columns) {
    vf sum = zero();
    for (int64_t row = begin; row < end; ++row) {
        const float* values = rows.data + row * rows.stride;
        for (int64_t c = 0; c < columns; c += lanes) sum += load(values + c) * 0.0F;
    }
    return hsum(sum) == 0.0F;
}

/// c[query] (+)= sum over the keys of tile[key, query] * rows[key]. The tile is 0 where a query must not see a key. As
/// 0 * NaN is NaN, each query stops at its own last key where a hidden one is not finite; the other sums have the same
/// bits either way.
void add_over_keys(const SdpaShape& shape, const ScoreTile& tile, const QueryBlock& block, int64_t first_key,
                   const FullRows& rows, int64_t columns, Rows<float> c) {
    const auto product = [&](int64_t first_query, int64_t queries, int64_t keys) {
        transposed_tile_product({.a = tile.scores + first_query,
                                 .a_row = 1,
                                 .a_k = tile.stride,
                                 .b = rows.data,
                                 .b_k = rows.stride,
                                 .b_panel = panel_width,
                                 .c = c.at(first_query),
                                 .c_row = c.stride,
                                 .rows = queries,
                                 .columns = columns,
                                 .depth = keys,
                                 .accumulate = first_key > 0});
    };
    const int64_t last_key = last_key_of_first_query(shape, block, first_key);
    if (!shape.causal || all_finite(rows, max(0, last_key + 1), tile.keys, columns)) {
        product(0, block.count, tile.keys);
        return;
    }
    for (int64_t i = 0; i < block.count; ++i) product(i, 1, max(0, min(tile.keys, last_key + 1 + i)));
}

void forward_block(const SdpaForward& args, uint32_t threshold, const QueryBlock& block, const Scratch& scratch) {
    const SdpaShape& shape = args.shape;
    const int64_t head_dim = shape.head_dim;
    const int64_t width = round_up(block.count, lanes);
    const int64_t output_width = round_up(head_dim, lanes);
    const Rows<const float> query = head_rows(args.query, block.sample, block.head);
    const Rows<const float> key = head_rows(args.key, block.sample, block.head);
    const Rows<const float> value = head_rows(args.value, block.sample, block.head);
    const Rows<float> output = head_rows(args.output, block.sample, block.head);
    float* log_sum_exp = args.log_sum_exp + (block.sample * shape.heads + block.head) * shape.queries + block.first;
    float* max_score = scratch.per_query[0];
    float* sum = scratch.per_query[1];
    float* factor = scratch.per_query[2];
    for (int64_t i = 0; i < width; i += lanes) {
        store(max_score + i, broadcast(-infinity));
        store(sum + i, zero());
    }
    pack_transposed(query.at(block.first), query.stride, block.count, head_dim, shape.scale, scratch.query);
    for (int64_t first_key = 0; first_key < block.visible; first_key += key_block) {
        const int64_t keys = min(key_block, block.visible - first_key);
        const ScoreTile tile = key_query_products(block, key, first_key, keys, scratch.query, head_dim, scratch.scores);
        if (shape.causal) fill_future(tile, last_key_of_first_query(shape, block, first_key), -infinity);
        online_softmax(tile, max_score, sum, factor);
        if (threshold != 0) drop_weights(tile, tile_dropout(shape, threshold, block, first_key));
        if (first_key > 0) {
            for (int64_t i = 0; i < block.count; ++i) {
                float* row = scratch.output + i * output_width;
                for (int64_t c = 0; c < output_width; c += lanes) store(row + c, load(row + c) * factor[i]);
            }
        }
        const FullRows values = full_rows(value, first_key, keys, head_dim, scratch.rows[0]);
        add_over_keys(shape, tile, block, first_key, values, output_width, {scratch.output, output_width});
    }
    if (block.visible == 0) {
        fill_rows(output, block.first, block.first + block.count, head_dim, 0.0F);
    } else {
        const float keep_scale = 1.0F / (1.0F - shape.dropout);
        for (int64_t i = 0; i < block.count; ++i) {
            // The sum is 0 only where a query sees no key.
            const vf normaliser = broadcast(sum[i] == 0.0F ? 0.0F : keep_scale / sum[i]);
            const float* from = scratch.output + i * output_width;
            float* to = output.at(block.first + i);
            int64_t c = 0;
            for (; c + lanes <= head_dim; c += lanes) store(to + c, load(from + c) * normaliser);
            if (c < head_dim) store_partial(to + c, load(from + c) * normaliser, head_dim - c);
        }
    }
    for (int64_t i = 0; i < block.count; i += lanes) {
        const vf total = load(sum + i);
        const vf result = select(total == zero(), broadcast(-infinity), load(max_score + i) + log(total));
        store_partial(log_sum_exp + i, result, min(lanes, block.count - i));
    }
}

void forward(const SdpaForward& args) {
    const SdpaShape& shape = args.shape;
    const uint32_t threshold = drop_threshold(static_cast<double>(shape.dropout));
    const int64_t blocks = query_blocks(shape);
    for_each_task(shape, args.workspace, shape.batch * shape.heads * blocks, task_cost(shape),
                  [&](int64_t task, const Scratch& scratch) {
                      const int64_t head = task / blocks;
                      forward_block(args, threshold,
                                    query_block_at(shape, head / shape.heads, head % shape.heads, task % blocks),
                                    scratch);
                  });
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

/// Sum over the components of d_output * output, which is the sum over the keys of weight * gradient of the weight.
void row_dots(Rows<const float> output, Rows<const float> d_output, const QueryBlock& block, int64_t head_dim,
              float* to) {
    for (int64_t i = 0; i < block.count; ++i) {
        const float* a = output.at(block.first + i);
        const float* b = d_output.at(block.first + i);
        vf sum = zero();
        int64_t c = 0;
        for (; c + lanes <= head_dim; c += lanes) sum = fma(load(a + c), load(b + c), sum);
        if (c < head_dim) sum = fma(load_partial(a + c, head_dim - c), load_partial(b + c, head_dim - c), sum);
        to[i] = hsum(sum);
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

/// d_rows[key] (+)= sum over the queries of tile[key, query] * rows[query]. Keys up to `seen` have got something from
/// earlier queries, which is added to.
void add_over_queries(const ScoreTile& tile, const QueryBlock& block, const FullRows& rows, int64_t first_key,
                      int64_t seen, int64_t head_dim, Rows<float> d_rows) {
    const int64_t old = max(0, min(tile.keys, seen - first_key));
    const auto product = [&](int64_t begin, int64_t end, bool accumulate) {
        tile_product({.a = tile.scores + begin * tile.stride,
                      .a_row = tile.stride,
                      .a_k = 1,
                      .b = rows.data,
                      .b_k = rows.stride,
                      .b_panel = panel_width,
                      .c = d_rows.at(first_key + begin),
                      .c_row = d_rows.stride,
                      .rows = end - begin,
                      .columns = head_dim,
                      .depth = block.count,
                      .accumulate = accumulate});
    };
    product(0, old, true);
    product(old, tile.keys, false);
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
        const int64_t end_key = min(part.end_key, block.visible);
        if (part.query_gradient && block.visible == 0) {
            fill_rows(d_query, block.first, block.first + block.count, head_dim, 0.0F);
        }
        if (end_key <= part.first_key) continue;
        pack_transposed(query.at(block.first), query.stride, block.count, head_dim, shape.scale, scratch.query);
        pack_transposed(d_output.at(block.first), d_output.stride, block.count, head_dim, 1.0F, scratch.d_output);
        load_log_sum_exp(shape, args.log_sum_exp, block, log_sum_exp);
        row_dots(output, d_output, block, head_dim, row_dot);
        const FullRows queries = full_rows(query, block.first, block.count, head_dim, scratch.rows[1]);
        const FullRows d_outputs = full_rows(d_output, block.first, block.count, head_dim, scratch.rows[2]);
        for (int64_t first_key = part.first_key; first_key < end_key; first_key += key_block) {
            const int64_t keys = min(key_block, end_key - first_key);
            const ScoreTile weights =
                key_query_products(block, key, first_key, keys, scratch.query, head_dim, scratch.scores);
            const ScoreTile d_scores =
                key_query_products(block, value, first_key, keys, scratch.d_output, head_dim, scratch.d_weights);
            if (threshold != 0) {
                softmax_dropout_backward(weights, d_scores.scores, log_sum_exp, row_dot, shape.scale,
                                         tile_dropout(shape, threshold, block, first_key));
            } else {
                softmax_backward(weights, d_scores.scores, log_sum_exp, row_dot, shape.scale);
            }
            if (shape.causal) {
                fill_future(weights, last_key_of_first_query(shape, block, first_key), 0.0F);
                fill_future(d_scores, last_key_of_first_query(shape, block, first_key), 0.0F);
            }
            if (part.key_gradient) {
                add_over_queries(weights, block, d_outputs, first_key, seen, head_dim, d_value);
                add_over_queries(d_scores, block, queries, first_key, seen, head_dim, d_key);
            }
            if (part.query_gradient) {
                const FullRows key_rows = full_rows(key, first_key, keys, head_dim, scratch.rows[0]);
                add_over_keys(shape, d_scores, block, first_key, key_rows, head_dim,
                              {d_query.at(block.first), d_query.stride});
            }
        }
        seen = block.visible;
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

void weights_block(const SdpaWeights& args, const QueryBlock& block, const Scratch& scratch) {
    const SdpaShape& shape = args.shape;
    const Rows<const float> query = head_rows(args.query, block.sample, block.head);
    const Rows<const float> key = head_rows(args.key, block.sample, block.head);
    float* weights =
        args.weights + ((block.sample * shape.heads + block.head) * shape.queries + block.first) * shape.keys;
    pack_transposed(query.at(block.first), query.stride, block.count, shape.head_dim, shape.scale, scratch.query);
    load_log_sum_exp(shape, args.log_sum_exp, block, scratch.per_query[0]);
    for (int64_t first_key = 0; first_key < block.visible; first_key += key_block) {
        const int64_t keys = min(key_block, block.visible - first_key);
        const ScoreTile tile =
            key_query_products(block, key, first_key, keys, scratch.query, shape.head_dim, scratch.scores);
        weights_of_scores(tile, scratch.per_query[0]);
        if (shape.causal) fill_future(tile, last_key_of_first_query(shape, block, first_key), 0.0F);
        for (int64_t i = 0; i < block.count; ++i) {
            for (int64_t j = 0; j < keys; ++j) {
                weights[i * shape.keys + first_key + j] = tile.scores[j * tile.stride + i];
            }
        }
    }
    for (int64_t i = 0; i < block.count; ++i) {
        for (int64_t j = block.visible; j < shape.keys; ++j) weights[i * shape.keys + j] = 0.0F;
    }
}

void weights(const SdpaWeights& args) {
    const SdpaShape& shape = args.shape;
    const int64_t blocks = query_blocks(shape);
    for_each_task(shape, args.workspace, shape.batch * shape.heads * blocks, task_cost(shape),
                  [&](int64_t task, const Scratch& scratch) {
                      const int64_t head = task / blocks;
                      weights_block(args, query_block_at(shape, head / shape.heads, head % shape.heads, task % blocks),
                                    scratch);
                  });
}

}  // namespace

extern const SdpaKernels sdpa;
const SdpaKernels sdpa = {forward, backward, weights, workspace};

}  // namespace heed::HEED_ISA
