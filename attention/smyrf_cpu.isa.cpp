#include "heed/attention/smyrf_chunk.h"

namespace heed::HEED_ISA {

namespace {

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

/// Between rounds the output holds sums of exp(score - maximum) v, log_sum_exp the maxima, and `sums` the sums of
/// exp(score - maximum).
void forward_block(const SmyrfForward& args, uint32_t threshold, const Chunk& chunk, int64_t first, float* sums,
                   const ChunkScratch& scratch) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t head_dim = shape.head_dim;
    const int64_t output_width = round_up(head_dim, lanes);
    const int64_t count = min(query_block, chunk.queries - first);
    const int32_t* index = chunk.query_index + first;
    const int64_t row = (chunk.sample * shape.heads + chunk.head) * shape.queries;
    const Rows<const float> key = head_rows(args.key, chunk.sample, chunk.head);
    const Rows<const float> value = head_rows(args.value, chunk.sample, chunk.head);
    const Rows<float> output = head_rows(args.output, chunk.sample, chunk.head);
    float* max_score = scratch.per_query[0];
    float* sum = scratch.per_query[1];
    float* factor = scratch.per_query[2];
    gather_rows(head_rows(args.query, chunk.sample, chunk.head), index, count, head_dim, scratch.query_rows);
    pack_transposed(scratch.query_rows, output_width, count, head_dim, shape.scale, scratch.query);
    if (chunk.first_round) {
        for (int64_t i = 0; i < count; i += lanes) {
            store(max_score + i, broadcast(-infinity));
            store(sum + i, zero());
        }
    } else {
        gather_values(args.log_sum_exp + row, index, count, -infinity, max_score);
        gather_values(sums + row, index, count, 0.0F, sum);
        gather_rows({output.data, output.stride}, index, count, head_dim, scratch.sums);
    }
    if (threshold != 0) copy_indices(index, count, scratch.query_index);
    for (int64_t first_key = 0; first_key < chunk.keys; first_key += key_block) {
        const int64_t keys = min(key_block, chunk.keys - first_key);
        gather_rows(key, chunk.key_index + first_key, keys, head_dim, scratch.key_rows);
        gather_rows(value, chunk.key_index + first_key, keys, head_dim, scratch.value_rows);
        const ScoreTile tile =
            key_query_products(scratch.key_rows, keys, scratch.query, count, head_dim, scratch.scores);
        online_softmax(tile, max_score, sum, factor);
        if (threshold != 0) {
            drop_weights(tile, gathered_dropout(shape, threshold, chunk, scratch.query_index, first_key));
        }
        const bool started = first_key > 0 || !chunk.first_round;
        for (int64_t i = 0; i < count && started; ++i) {
            float* to = scratch.sums + i * output_width;
            for (int64_t c = 0; c < output_width; c += lanes) store(to + c, load(to + c) * factor[i]);
        }
        transposed_tile_product({.a = tile.scores,
                                 .a_row = 1,
                                 .a_k = tile.stride,
                                 .b = scratch.value_rows,
                                 .b_k = output_width,
                                 .b_panel = panel_width,
                                 .c = scratch.sums,
                                 .c_row = output_width,
                                 .rows = count,
                                 .columns = output_width,
                                 .depth = keys,
                                 .accumulate = started});
    }
    if (!chunk.last_round) {
        for (int64_t i = 0; i < count; ++i) {
            args.log_sum_exp[row + index[i]] = max_score[i];
            sums[row + index[i]] = sum[i];
        }
    } else {
        const float keep_scale = 1.0F / (1.0F - shape.dropout);
        for (int64_t i = 0; i < count; ++i) {
            // The sum is 0 only where all scores are -inf.
            const vf normaliser = broadcast(sum[i] == 0.0F ? 0.0F : keep_scale / sum[i]);
            float* to = scratch.sums + i * output_width;
            for (int64_t c = 0; c < output_width; c += lanes) store(to + c, load(to + c) * normaliser);
        }
        for (int64_t i = 0; i < count; i += lanes) {
            const vf total = load(sum + i);
            store(sum + i, select(total == zero(), broadcast(-infinity), load(max_score + i) + log(total)));
        }
        for (int64_t i = 0; i < count; ++i) args.log_sum_exp[row + index[i]] = sum[i];
    }
    scatter_rows(scratch.sums, index, count, head_dim, false, output);
}

/// What the queries that take part in nothing get: all of a sample without keys, and the padded ones.
void fill_unused_queries(const SmyrfForward& args, const Chunk& chunk) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t used = chunk.keys > 0 ? query_count(args.shape, chunk.sample) : 0;
    fill_rows(head_rows(args.output, chunk.sample, chunk.head), used, shape.queries, shape.head_dim, 0.0F);
    float* log_sum_exp = args.log_sum_exp + (chunk.sample * shape.heads + chunk.head) * shape.queries;
    for (int64_t i = used; i < shape.queries; ++i) log_sum_exp[i] = -infinity;
}

void forward(const SmyrfForward& args) {
    const SdpaShape& shape = args.shape.heads;
    const uint32_t threshold = drop_threshold(static_cast<double>(shape.dropout));
    float* sums = per_query_memory(args.shape, args.workspace);
    for (int64_t round = 0; round < args.shape.rounds; ++round) {
        for_each_chunk(args, round, 2, [&](const Chunk& chunk, const ChunkScratch& scratch) {
            if (chunk.index == 0 && round == 0) fill_unused_queries(args, chunk);
            if (chunk.keys == 0) return;
            for (int64_t first = 0; first < chunk.queries; first += query_block) {
                forward_block(args, threshold, chunk, first, sums, scratch);
            }
        });
    }
}

/// Sums over the components of d_output * output for all queries, [batch, heads, queries].
void row_dots(const SmyrfBackward& args, float* to) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t head_dim = shape.head_dim;
    parallel_for(shape.batch * shape.heads * shape.queries, max(1, 30000 / head_dim), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            const int64_t head = row / shape.queries;
            const float* a = head_rows(args.output, head / shape.heads, head % shape.heads).at(row % shape.queries);
            const float* b = head_rows(args.d_output, head / shape.heads, head % shape.heads).at(row % shape.queries);
            vf sum = zero();
            int64_t c = 0;
            for (; c + lanes <= head_dim; c += lanes) sum = fma(load(a + c), load(b + c), sum);
            if (c < head_dim) sum = fma(load_partial(a + c, head_dim - c), load_partial(b + c, head_dim - c), sum);
            to[row] = hsum(sum);
        }
    });
}

/// Loads the log-sum-exp of a block of queries; where there is none, inf, so that exp(score - log_sum_exp) is 0.
void gather_log_sum_exp(const float* log_sum_exp, const int32_t* index, int64_t count, float* to) {
    gather_values(log_sum_exp, index, count, infinity, to);
    for (int64_t i = 0; i < count; ++i) to[i] = to[i] == -infinity ? infinity : to[i];
}

/// sums[row] = sum over the queries of tile[row, query] * rows[query].
void sum_over_queries(const ScoreTile& tile, const float* rows, int64_t queries, int64_t width, float* sums) {
    tile_product({.a = tile.scores,
                  .a_row = tile.stride,
                  .a_k = 1,
                  .b = rows,
                  .b_k = width,
                  .b_panel = panel_width,
                  .c = sums,
                  .c_row = width,
                  .rows = tile.keys,
                  .columns = width,
                  .depth = queries,
                  .accumulate = false});
}

void backward_block(const SmyrfBackward& args, uint32_t threshold, const Chunk& chunk, int64_t first,
                    const float* row_dot, const ChunkScratch& scratch) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t head_dim = shape.head_dim;
    const int64_t width = round_up(head_dim, lanes);
    const int64_t count = min(query_block, chunk.queries - first);
    const int32_t* index = chunk.query_index + first;
    const int64_t row = (chunk.sample * shape.heads + chunk.head) * shape.queries;
    gather_rows(head_rows(args.query, chunk.sample, chunk.head), index, count, head_dim, scratch.query_rows);
    gather_rows(head_rows(args.d_output, chunk.sample, chunk.head), index, count, head_dim, scratch.d_output_rows);
    pack_transposed(scratch.query_rows, width, count, head_dim, shape.scale, scratch.query);
    pack_transposed(scratch.d_output_rows, width, count, head_dim, 1.0F, scratch.d_output);
    gather_log_sum_exp(args.log_sum_exp + row, index, count, scratch.per_query[0]);
    gather_values(row_dot + row, index, count, 0.0F, scratch.per_query[1]);
    if (threshold != 0) copy_indices(index, count, scratch.query_index);
    for (int64_t first_key = 0; first_key < chunk.keys; first_key += key_block) {
        const int64_t keys = min(key_block, chunk.keys - first_key);
        const int32_t* key_index = chunk.key_index + first_key;
        const bool add_to_keys = !chunk.first_round || first > 0;
        gather_rows(head_rows(args.key, chunk.sample, chunk.head), key_index, keys, head_dim, scratch.key_rows);
        gather_rows(head_rows(args.value, chunk.sample, chunk.head), key_index, keys, head_dim, scratch.value_rows);
        const ScoreTile weights =
            key_query_products(scratch.key_rows, keys, scratch.query, count, head_dim, scratch.scores);
        const ScoreTile d_scores =
            key_query_products(scratch.value_rows, keys, scratch.d_output, count, head_dim, scratch.d_weights);
        if (threshold != 0) {
            softmax_dropout_backward(weights, d_scores.scores, scratch.per_query[0], scratch.per_query[1], shape.scale,
                                     gathered_dropout(shape, threshold, chunk, scratch.query_index, first_key));
        } else {
            softmax_backward(weights, d_scores.scores, scratch.per_query[0], scratch.per_query[1], shape.scale);
        }
        sum_over_queries(weights, scratch.d_output_rows, count, width, scratch.sums);
        scatter_rows(scratch.sums, key_index, keys, head_dim, add_to_keys,
                     head_rows(args.d_value, chunk.sample, chunk.head));
        sum_over_queries(d_scores, scratch.query_rows, count, width, scratch.sums);
        scatter_rows(scratch.sums, key_index, keys, head_dim, add_to_keys,
                     head_rows(args.d_key, chunk.sample, chunk.head));
        transposed_tile_product({.a = d_scores.scores,
                                 .a_row = 1,
                                 .a_k = d_scores.stride,
                                 .b = scratch.key_rows,
                                 .b_k = width,
                                 .b_panel = panel_width,
                                 .c = scratch.sums,
                                 .c_row = width,
                                 .rows = count,
                                 .columns = width,
                                 .depth = keys,
                                 .accumulate = false});
        scatter_rows(scratch.sums, index, count, head_dim, !chunk.first_round || first_key > 0,
                     head_rows(args.d_query, chunk.sample, chunk.head));
    }
}

/// Zero gradients for the tokens that take part in nothing.
void fill_unused_gradients(const SmyrfBackward& args, const Chunk& chunk) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t queries = query_count(args.shape, chunk.sample), keys = key_count(args.shape, chunk.sample);
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
    for (int64_t round = 0; round < args.shape.rounds; ++round) {
        for_each_chunk(args, round, 5, [&](const Chunk& chunk, const ChunkScratch& scratch) {
            if (chunk.index == 0 && round == 0) fill_unused_gradients(args, chunk);
            for (int64_t first = 0; first < chunk.queries; first += query_block) {
                backward_block(args, threshold, chunk, first, row_dot, scratch);
            }
        });
    }
}

void add_weights(const SmyrfWeights& args, const Chunk& chunk, const ChunkScratch& scratch) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t head_dim = shape.head_dim;
    const int64_t row = (chunk.sample * shape.heads + chunk.head) * shape.queries;
    for (int64_t first = 0; first < chunk.queries; first += query_block) {
        const int64_t count = min(query_block, chunk.queries - first);
        const int32_t* index = chunk.query_index + first;
        gather_rows(head_rows(args.query, chunk.sample, chunk.head), index, count, head_dim, scratch.query_rows);
        pack_transposed(scratch.query_rows, round_up(head_dim, lanes), count, head_dim, shape.scale, scratch.query);
        gather_log_sum_exp(args.log_sum_exp + row, index, count, scratch.per_query[0]);
        for (int64_t first_key = 0; first_key < chunk.keys; first_key += key_block) {
            const int64_t keys = min(key_block, chunk.keys - first_key);
            const int32_t* key_index = chunk.key_index + first_key;
            gather_rows(head_rows(args.key, chunk.sample, chunk.head), key_index, keys, head_dim, scratch.key_rows);
            const ScoreTile tile =
                key_query_products(scratch.key_rows, keys, scratch.query, count, head_dim, scratch.scores);
            weights_of_scores(tile, scratch.per_query[0]);
            for (int64_t i = 0; i < count; ++i) {
                float* to = args.weights + (row + index[i]) * shape.keys;
                for (int64_t j = 0; j < keys; ++j) to[key_index[j]] += tile.scores[j * tile.stride + i];
            }
        }
    }
}

void weights(const SmyrfWeights& args) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t all = shape.batch * shape.heads * shape.queries * shape.keys;
    for (int64_t i = 0; i < all; ++i) args.weights[i] = 0.0F;
    for (int64_t round = 0; round < args.shape.rounds; ++round) {
        for_each_chunk(args, round, 1,
                       [&](const Chunk& chunk, const ChunkScratch& scratch) { add_weights(args, chunk, scratch); });
    }
}

}  // namespace

extern const SmyrfKernels smyrf;
const SmyrfKernels smyrf = {sort, forward, backward, weights, sort_workspace, workspace};

}  // namespace heed::HEED_ISA
