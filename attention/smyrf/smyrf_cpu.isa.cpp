#include "heed/attention/smyrf/smyrf_chunk.h"
#include "heed/attention/smyrf/smyrf_place.h"

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

/// log(sum) + maximum, -inf for an empty sum.
HEED_SIMD vf log_of_sum(vf max_score, vf sum) {
    return select(sum == zero(), broadcast(-infinity), max_score + log(sum));
}

/// Sums become their logarithms.
void log_of_sums(const float* max_score, float* sum, int64_t count) {
    for (int64_t i = 0; i < count; i += lanes) store(sum + i, log_of_sum(load(max_score + i), load(sum + i)));
}

/// True when no value of rows begin .. end - 1 is infinite or NaN.
bool all_finite(const float* rows, int64_t begin, int64_t end, int64_t width) {
    vf sum = zero();
    for (int64_t row = begin; row < end; ++row) {
        for (int64_t c = 0; c < width; c += lanes) sum += load(rows + row * width + c) * 0.0F;
    }
    return hsum(sum) == 0.0F;
}

/// sums[query] (+)= sum over the keys of tile[key, query] * rows[key] for `count` queries, of which query i meets the
/// keys up to last_key + i (last_key: not below tile.keys where there is no diagonal). The tile is 0 where a query must
/// not meet a key, but 0 * NaN is NaN: each query stops at its own last key where a hidden row is not finite. The other
/// sums have the same bits either way.
void add_over_keys(const ScoreTile& tile, int64_t count, int64_t last_key, const float* rows, int64_t width,
                   bool accumulate, float* sums) {
    const auto product = [&](int64_t first, int64_t queries, int64_t keys) {
        transposed_tile_product({.a = tile.scores + first,
                                 .a_row = 1,
                                 .a_k = tile.stride,
                                 .b = rows,
                                 .b_k = width,
                                 .b_panel = panel_width,
                                 .c = sums + first * width,
                                 .c_row = width,
                                 .rows = queries,
                                 .columns = width,
                                 .depth = keys,
                                 .accumulate = accumulate});
    };
    if (all_finite(rows, max(0, min(tile.keys, last_key + 1)), tile.keys, width)) {
        product(0, count, tile.keys);
        return;
    }
    for (int64_t i = 0; i < count; ++i) product(i, 1, max(0, min(tile.keys, last_key + 1 + i)));
}

/// The last key, counted from first_key, that query `first` of a chunk meets.
int64_t last_key_of(const SmyrfChunk& chunk, int64_t first, int64_t first_key) {
    return (chunk.diagonal < 0 ? chunk.keys : chunk.diagonal + first) - first_key;
}

/// Sums of a pass count `factor` times.
void multiply_sums(float* rows, float* sum, int64_t count, int64_t width, float factor) {
    for (int64_t i = 0; i < count; ++i) {
        sum[i] *= factor;
        for (int64_t c = 0; c < width; c += lanes) store(rows + i * width + c, load(rows + i * width + c) * factor);
    }
}

/// Between passes the output holds sums of exp(score - maximum) v, log_sum_exp the maxima, and `sums` the sums of
/// exp(score - maximum).
void forward_block(const SmyrfForward& args, uint32_t threshold, const SmyrfChunk& chunk, int64_t first, float* sums,
                   const ChunkScratch& scratch) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t head_dim = shape.head_dim;
    const int64_t output_width = round_up(head_dim, lanes);
    const int64_t count = min(query_block, chunk.queries - first);
    const int32_t* index = token_numbers(chunk.query_index, chunk.first_query, first, count, scratch.query_index);
    const int64_t row = (chunk.sample * shape.heads + chunk.head) * shape.queries;
    const Rows<const float> key = head_rows(args.key, chunk.sample, chunk.head);
    const Rows<const float> value = head_rows(args.value, chunk.sample, chunk.head);
    const Rows<float> output = head_rows(args.output, chunk.sample, chunk.head);
    float* max_score = scratch.per_query[0];
    float* sum = scratch.per_query[1];
    float* factor = scratch.per_query[2];
    gather_rows(head_rows(args.query, chunk.sample, chunk.head), index, count, head_dim, scratch.query_rows);
    pack_transposed(scratch.query_rows, output_width, count, head_dim, shape.scale, scratch.query);
    if (chunk.first_pass) {
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
    const int64_t visible = visible_keys(chunk, first + count);
    for (int64_t first_key = 0; first_key < visible; first_key += key_block) {
        const int64_t keys = min(key_block, visible - first_key);
        const int32_t* key_index = token_numbers(chunk.key_index, chunk.first_key, first_key, keys, scratch.key_index);
        const int64_t last_key = last_key_of(chunk, first, first_key);
        gather_rows(key, key_index, keys, head_dim, scratch.key_rows);
        gather_rows(value, key_index, keys, head_dim, scratch.value_rows);
        const ScoreTile tile =
            key_query_products(scratch.key_rows, keys, scratch.query, count, head_dim, scratch.scores);
        fill_future(tile, last_key, -infinity);
        online_softmax(tile, max_score, sum, factor);
        if (threshold != 0) {
            drop_weights(tile, gathered_dropout(shape, threshold, chunk, scratch.query_index, key_index));
        }
        const bool started = first_key > 0 || !chunk.first_pass;
        for (int64_t i = 0; i < count && started; ++i) {
            float* to = scratch.sums + i * output_width;
            for (int64_t c = 0; c < output_width; c += lanes) store(to + c, load(to + c) * factor[i]);
        }
        add_over_keys(tile, count, last_key, scratch.value_rows, output_width, started, scratch.sums);
    }
    if (chunk.multiplicity > 1) {
        multiply_sums(scratch.sums, sum, count, output_width, static_cast<float>(chunk.multiplicity));
    }
    if (!chunk.last_pass) {
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
        log_of_sums(max_score, sum, count);
        for (int64_t i = 0; i < count; ++i) args.log_sum_exp[row + index[i]] = sum[i];
    }
    scatter_rows(scratch.sums, index, count, head_dim, false, output);
}

/// Ends the sums of causal self-attention, whose queries have different last passes.
void end_sums(const SmyrfForward& args, const float* sums) {
    const SdpaShape& shape = args.shape.heads;
    const float keep_scale = 1.0F / (1.0F - shape.dropout);
    const int64_t blocks = (shape.queries + query_block - 1) / query_block;
    const int64_t grain = max(1, 30000 / (query_block * shape.head_dim));
    parallel_for(shape.batch * shape.heads * blocks, grain, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t head = task / blocks, sample = head / shape.heads;
            const int64_t first = task % blocks * query_block;
            const int64_t last = min(smyrf_query_count(args.shape, sample), first + query_block);
            const Rows<float> output = head_rows(args.output, sample, head % shape.heads);
            float* max_score = args.log_sum_exp + head * shape.queries;
            for (int64_t i = first; i < last; ++i) {
                const float sum = sums[head * shape.queries + i];
                const vf normaliser = broadcast(sum == 0.0F ? 0.0F : keep_scale / sum);
                float* to = output.at(i);
                int64_t c = 0;
                for (; c + lanes <= shape.head_dim; c += lanes) store(to + c, load(to + c) * normaliser);
                if (c < shape.head_dim) {
                    const int64_t left = shape.head_dim - c;
                    store_partial(to + c, load_partial(to + c, left) * normaliser, left);
                }
            }
            for (int64_t i = first; i < last; i += lanes) {
                const int64_t count = min(lanes, last - i);
                const vf total = load_partial(sums + head * shape.queries + i, count);
                store_partial(max_score + i, log_of_sum(load_partial(max_score + i, count), total), count);
            }
        }
    });
}

/// What the queries that take part in nothing get: all of a sample without keys, and the padded ones.
void fill_unused_queries(const SmyrfForward& args, const SmyrfChunk& chunk) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t used =
        smyrf_key_count(args.shape, chunk.sample) > 0 ? smyrf_query_count(args.shape, chunk.sample) : 0;
    fill_rows(head_rows(args.output, chunk.sample, chunk.head), used, shape.queries, shape.head_dim, 0.0F);
    float* log_sum_exp = args.log_sum_exp + (chunk.sample * shape.heads + chunk.head) * shape.queries;
    for (int64_t i = used; i < shape.queries; ++i) log_sum_exp[i] = -infinity;
}

void forward(const SmyrfForward& args) {
    const SdpaShape& shape = args.shape.heads;
    const uint32_t threshold = drop_threshold(static_cast<double>(shape.dropout));
    float* sums = per_query_memory(args.shape, args.workspace);
    for (int64_t pass = 0; pass < smyrf_passes(args.shape); ++pass) {
        for_each_chunk(args, pass, 2, [&](const SmyrfChunk& chunk, const ChunkScratch& scratch) {
            if (chunk.index == 0 && pass == 0) fill_unused_queries(args, chunk);
            if (chunk.keys == 0) return;
            for (int64_t first = 0; first < chunk.queries; first += query_block) {
                forward_block(args, threshold, chunk, first, sums, scratch);
            }
        });
    }
    if (args.shape.form == SmyrfForm::causal_self) end_sums(args, sums);
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
            key_query_products(scratch.key_rows, keys, scratch.query, count, head_dim, scratch.scores);
        const ScoreTile d_scores =
            key_query_products(scratch.value_rows, keys, scratch.d_output, count, head_dim, scratch.d_weights);
        if (threshold != 0) {
            softmax_dropout_backward(weights, d_scores.scores, scratch.per_query[0], scratch.per_query[1], shape.scale,
                                     gathered_dropout(shape, threshold, chunk, scratch.query_index, key_index));
        } else {
            softmax_backward(weights, d_scores.scores, scratch.per_query[0], scratch.per_query[1], shape.scale);
        }
        fill_future(weights, last_key, 0.0F);
        fill_future(d_scores, last_key, 0.0F);
        sum_over_queries(weights, scratch.d_output_rows, count, width, scratch.sums);
        scatter_key_sums(chunk, first, first_key, keys, scratch.sums, key_index, head_dim,
                         head_rows(args.d_value, chunk.sample, chunk.head));
        sum_over_queries(d_scores, scratch.query_rows, count, width, scratch.sums);
        scatter_key_sums(chunk, first, first_key, keys, scratch.sums, key_index, head_dim,
                         head_rows(args.d_key, chunk.sample, chunk.head));
        add_over_keys(d_scores, count, last_key, scratch.key_rows, width, false, scratch.sums);
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

void add_weights(const SmyrfWeights& args, const SmyrfChunk& chunk, const ChunkScratch& scratch) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t head_dim = shape.head_dim;
    const int64_t row = (chunk.sample * shape.heads + chunk.head) * shape.queries;
    for (int64_t first = 0; first < chunk.queries; first += query_block) {
        const int64_t count = min(query_block, chunk.queries - first);
        const int32_t* index = token_numbers(chunk.query_index, chunk.first_query, first, count, scratch.query_index);
        gather_rows(head_rows(args.query, chunk.sample, chunk.head), index, count, head_dim, scratch.query_rows);
        pack_transposed(scratch.query_rows, round_up(head_dim, lanes), count, head_dim, shape.scale, scratch.query);
        gather_log_sum_exp(args.log_sum_exp + row, index, count, chunk.multiplicity, scratch.per_query[0]);
        const int64_t visible = visible_keys(chunk, first + count);
        for (int64_t first_key = 0; first_key < visible; first_key += key_block) {
            const int64_t keys = min(key_block, visible - first_key);
            const int32_t* key_index =
                token_numbers(chunk.key_index, chunk.first_key, first_key, keys, scratch.key_index);
            gather_rows(head_rows(args.key, chunk.sample, chunk.head), key_index, keys, head_dim, scratch.key_rows);
            const ScoreTile tile =
                key_query_products(scratch.key_rows, keys, scratch.query, count, head_dim, scratch.scores);
            weights_of_scores(tile, scratch.per_query[0]);
            fill_future(tile, last_key_of(chunk, first, first_key), 0.0F);
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
    for (int64_t pass = 0; pass < smyrf_passes(args.shape); ++pass) {
        for_each_chunk(args, pass, 1, [&](const SmyrfChunk& chunk, const ChunkScratch& scratch) {
            add_weights(args, chunk, scratch);
        });
    }
}

}  // namespace

extern const SmyrfKernels smyrf;
const SmyrfKernels smyrf = {sort, place, forward, backward, weights, sort_workspace, place_workspace, workspace};

}  // namespace heed::HEED_ISA
