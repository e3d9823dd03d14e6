#include "heed/attention/sdpa_kernels.h"
#include "heed/attention/sdpa_tile.h"
#include "heed/attention/tile_pack.h"
#include "heed/core/parallel.h"

namespace heed::HEED_ISA {

namespace {

/// Tiles of scores have at most this many queries (a multiple of 64: see TileDropout) and keys.
constexpr int64_t query_block = 128;
constexpr int64_t key_block = 256;

constexpr float infinity = __builtin_inff();

HEED_SIMD int64_t min(int64_t a, int64_t b) {
    return a < b ? a : b;
}
HEED_SIMD int64_t max(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/// One head of one sample in memory.
template <class Float>
struct Rows {
    Float* data;
    int64_t stride;

    Float* at(int64_t token) const { return data + token * stride; }
};

Rows<const float> head_rows(const ConstHeadView& view, int64_t sample, int64_t head) {
    return {view.data + sample * view.batch_stride + head * view.head_stride, view.token_stride};
}

Rows<float> head_rows(const HeadView& view, int64_t sample, int64_t head) {
    return {view.data + sample * view.batch_stride + head * view.head_stride, view.token_stride};
}

void fill_rows(Rows<float> rows, int64_t begin, int64_t end, int64_t head_dim, float value) {
    for (int64_t token = begin; token < end; ++token) {
        for (int64_t c = 0; c < head_dim; ++c) rows.at(token)[c] = value;
    }
}

/// Queries first .. first + count - 1 of one head, and the keys that at least one of them sees: 0 .. visible - 1.
struct QueryBlock {
    int64_t sample;
    int64_t head;
    int64_t first;
    int64_t count;
    int64_t visible;
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
    return shape.causal ? max(0, min(keys, end + shape.keys - shape.queries)) : keys;
}

QueryBlock query_block_at(const SdpaShape& shape, int64_t sample, int64_t head, int64_t block) {
    const int64_t first = block * query_block;
    const int64_t end = min(shape.queries, first + query_block);
    return {sample, head, first, end - first, visible_keys(shape, sample, end)};
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

/// A flag for each thread's scratch, a cache line apart, then the scratch itself.
int64_t workspace(const SdpaShape& shape) {
    Scratch scratch;
    return 16 + thread_count() * (16 + lay_out(shape, nullptr, &scratch));
}

/// Calls body(task, scratch) for all tasks; `cost` is the number of multiplications in one. A piece of scratch belongs
/// to one thread at a time.
template <class Body>
void for_each_task(const SdpaShape& shape, float* memory, int64_t tasks, int64_t cost, const Body& body) {
    const int64_t threads = thread_count();
    float* flags = memory + (16 - reinterpret_cast<uintptr_t>(memory) / sizeof(float) % 16) % 16;
    const auto flag = [flags](int64_t i) { return reinterpret_cast<int32_t*>(flags + 16 * i); };
    for (int64_t i = 0; i < threads; ++i) __atomic_store_n(flag(i), 0, __ATOMIC_RELAXED);
    Scratch unplaced;
    const int64_t floats = lay_out(shape, nullptr, &unplaced);
    const int64_t grain = max(1, 100000 / max(1, cost));
    parallel_for(tasks, grain, [&](int64_t begin, int64_t end) {
        // Threads tend to work on contiguous shares: the same thread then finds the same scratch in its cache.
        int64_t slot = begin * threads / tasks;
        while (__atomic_exchange_n(flag(slot), 1, __ATOMIC_ACQUIRE) != 0) slot = (slot + 1) % threads;
        Scratch scratch;
        lay_out(shape, flags + 16 * threads + slot * floats, &scratch);
        for (int64_t task = begin; task < end; ++task) body(task, scratch);
        __atomic_store_n(flag(slot), 0, __ATOMIC_RELEASE);
    });
}

int64_t task_cost(const SdpaShape& shape) {
    return min(shape.queries, query_block) * shape.keys * shape.head_dim;
}

/// Rows as an operand whose rows hold full vectors.
struct FullRows {
    const float* data;
    int64_t stride;
};

/// In place where that is as fast, else a copy. Rows lie up to a page apart, so reading a long tile over and over
/// misses the first level of address translation; the register tile of AVX-512 is high enough to hide that.
FullRows full_rows(Rows<const float> rows, int64_t first, int64_t count, int64_t head_dim, float* copy) {
    const bool read_often = lanes < 16 && count > 64;
    if (head_dim % lanes == 0 && !read_often) return {rows.at(first), rows.stride};
    pack_rows(rows.at(first), rows.stride, count, head_dim, copy);
    return {copy, round_up(head_dim, lanes)};
}

/// The tile c[key, query] = rows[first_key + key] . packed[query] of a block of queries.
ScoreTile key_query_products(const QueryBlock& block, Rows<const float> rows, int64_t first_key, int64_t keys,
                             const float* packed, int64_t head_dim, float* c) {
    const int64_t width = round_up(block.count, lanes);
    tile_product({.a = rows.at(first_key),
                  .a_row = rows.stride,
                  .a_k = 1,
                  .b = packed,
                  .b_k = panel_width,
                  .b_panel = panel_width * head_dim,
                  .c = c,
                  .c_row = width,
                  .rows = keys,
                  .columns = width,
                  .depth = head_dim,
                  .accumulate = false});
    return {c, width, keys, width};
}

/// Number of the last key, counted from first_key, that the first query of the block sees under the causal mask.
int64_t last_key_of_first_query(const SdpaShape& shape, const QueryBlock& block, int64_t first_key) {
    return block.first + shape.keys - shape.queries - first_key;
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
        transposed_tile_product({.a = tile.scores,
                                 .a_row = 1,
                                 .a_k = tile.stride,
                                 .b = values.data,
                                 .b_k = values.stride,
                                 .b_panel = panel_width,
                                 .c = scratch.output,
                                 .c_row = output_width,
                                 .rows = block.count,
                                 .columns = output_width,
                                 .depth = keys,
                                 .accumulate = first_key > 0});
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
                transposed_tile_product({.a = d_scores.scores,
                                         .a_row = 1,
                                         .a_k = d_scores.stride,
                                         .b = key_rows.data,
                                         .b_k = key_rows.stride,
                                         .b_panel = panel_width,
                                         .c = d_query.at(block.first),
                                         .c_row = d_query.stride,
                                         .rows = block.count,
                                         .columns = head_dim,
                                         .depth = keys,
                                         .accumulate = first_key > 0});
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
