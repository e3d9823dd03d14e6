#pragma once

// What a block of threads computes of attention: a tile of queries with its online softmax (Milakov, Gimelshein: Online
// normalizer calculation for softmax. 2018), and the gradients of a tile of queries or of keys. SMYRF's chunks and
// whole heads go through the same code, so that a chunk of a whole head has its bits.

#include "heed/attention/heads/sdpa_shape.h"
#include "heed/attention/tiles/tile_products.cuh"
#include "heed/core/cuda/reduce.cuh"
#include "heed/core/random/philox.h"

namespace heed::cuda {

/// Which weights are kept: the words of dense attention (see sdpa_dropout_element).
struct PairDropout {
    RandomStream random;
    uint32_t threshold;  ///< a weight is dropped when its word is below; 0: none is
    float keep_scale;    ///< 1 / (1 - p)
    int64_t sample;
    int64_t first_element;  ///< of query 0 and key 0 of the head
    int64_t elements_per_key;
};

__device__ inline PairDropout head_dropout(const SdpaShape& shape, int64_t sample, int64_t head, uint32_t threshold) {
    return {.random = shape.random,
            .threshold = threshold,
            .keep_scale = 1.0F / (1.0F - shape.dropout),
            .sample = sample,
            .first_element = sdpa_dropout_element(shape, head, 0, 0),
            .elements_per_key = sdpa_dropout_element(shape, 0, 0, 1)};
}

/// Queries and keys of one head, of which those meet that the band says.
struct QueriesAndKeys {
    int head_dim;
    float scale;
    HeadRows<const float> query, key, value;
    TokenNumbers query_numbers, key_numbers;
    int64_t queries, keys;
    PairBand band;
    float multiplicity = 1;  ///< how often a pair counts
    PairDropout dropout;

    __device__ TokenTile query_tile(int64_t first, int rows, float factor) const {
        return {query, query_numbers, first, tile_count(queries, first, rows), head_dim, factor};
    }
    __device__ TokenTile key_tile(const HeadRows<const float>& of, int64_t first, int rows) const {
        return {of, key_numbers, first, tile_count(keys, first, rows), head_dim};
    }
};

/// The word of a block: a choice, as registers have no addresses.
__device__ inline uint32_t word_of(const PhiloxBlock& block, int i) {
    return i < 2 ? (i == 0 ? block.word[0] : block.word[1]) : (i == 2 ? block.word[2] : block.word[3]);
}

/// Whether the weights of one key and `count` queries at distances of `side` in their list, from query `first` on, are
/// kept. Queries behind `end` are not looked at.
template <int count>
__device__ void draw_kept(const QueriesAndKeys& pairs, int64_t first, int64_t end, int64_t key, bool (&kept)[count]) {
    const PairDropout& dropout = pairs.dropout;
    const int64_t key_element = dropout.first_element + pairs.key_numbers[key] * dropout.elements_per_key;
    PhiloxBlock block;
    int64_t drawn = -1;  // a query whose block is there
    HEED_UNROLL
    for (int i = 0; i < count; ++i) {
        kept[i] = false;
        if (first + i * side >= end) continue;
        const int64_t query = pairs.query_numbers[first + i * side];
        // Queries at distances of 16 within 64 are the words of one block.
        if (drawn < 0 || query / 64 != drawn / 64 || query % side != drawn % side) {
            block = random_block(dropout.random, dropout.sample, key_element + query);
            drawn = query;
        }
        kept[i] = word_of(block, static_cast<int>(query % 64 / side)) >= dropout.threshold;
    }
}

/// `value` combined over the threads of a row of the block, the same bits in each.
template <class Combine>
__device__ float row_reduce(float value, Combine combine) {
    for (int distance = side / 2; distance > 0; distance /= 2) {
        value = combine(value, __shfl_xor_sync(all_lanes, value, distance));
    }
    return value;
}

/// The larger number; NaN is left out.
struct MaxNumber {
    __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

/// Where the tile begins that holds the other of this place: of queries, neighbours then share their random words.
__device__ inline int64_t first_tile(int64_t place) {
    return place / other_rows * other_rows;
}

/// How the forward pass computes heads of up to `padded_dim` components.
template <int padded_dim>
using ForwardPlan = TilePlan<padded_dim, padded_dim <= 128 ? 64 : side>;

template <class Plan>
inline constexpr size_t forward_shared_bytes = sizeof(float) * (Plan::own_floats + Plan::weight_floats + slice_floats);

/// What a thread knows of the queries y + side * i of a tile: the greatest score, and the sums of exp(score - maximum)
/// and of exp(score - maximum) v, of the latter the components x + side * j.
template <class Plan>
struct AttentionSums {
    float maximum[Plan::thread_rows];
    float sum[Plan::thread_rows];
    float rows[Plan::thread_rows][Plan::thread_columns];

    __device__ void clear() {
        HEED_UNROLL
        for (int i = 0; i < Plan::thread_rows; ++i) {
            maximum[i] = -INFINITY;
            sum[i] = 0;
            HEED_UNROLL
            for (int j = 0; j < Plan::thread_columns; ++j) rows[i][j] = 0;
        }
    }
};

/// Adds what the queries from `first_query` on get from all keys that they meet. Weights of dropped pairs are left out
/// of `rows`, the others not yet scaled. NaN is left out of the maximum and stays in the sums.
template <class Plan>
__device__ void attend(const QueriesAndKeys& pairs, int64_t first_query, AttentionSums<Plan>& sums, float* memory) {
    static_assert(forward_shared_bytes<Plan> <= most_shared_bytes);
    constexpr int rows = Plan::thread_rows;
    float* const own_memory = memory;
    float* const weights = own_memory + Plan::own_floats;
    float* const slice = weights + Plan::weight_floats;
    const TokenTile own = pairs.query_tile(first_query, Plan::own_rows, pairs.scale);
    __syncthreads();  // an earlier tile may still be read
    load_own<Plan>(own, own_memory);
    float partial[rows] = {};
    const int64_t visible = pairs.band.end_of_keys(first_query + own.count, pairs.keys);
    for (int64_t first_key = first_tile(pairs.band.first_key(first_query)); first_key < visible;
         first_key += other_rows) {
        const TokenTile keys = pairs.key_tile(pairs.key, first_key, other_rows);
        const PairMask mask = pair_mask(pairs.band, first_query, first_key, keys.count, true);
        float scores[rows][other_columns];
        dot_products<Plan>(own, own_memory, keys, slice, scores);
        HEED_UNROLL
        for (int i = 0; i < rows; ++i) {
            float maximum = -INFINITY;
            HEED_UNROLL
            for (int j = 0; j < other_columns; ++j) {
                const int key = thread_x() + j * side;
                if (key >= keys.count || !mask.visible(thread_y() + i * side, key)) scores[i][j] = -INFINITY;
                maximum = fmaxf(maximum, scores[i][j]);
            }
            maximum = fmaxf(sums.maximum[i], row_reduce(maximum, MaxNumber{}));
            // A row of -inf alone has no key so far: shifted by 0 its weights become 0 and not NaN.
            const float shift = maximum == -INFINITY ? 0.0F : maximum;
            const float factor = expf(sums.maximum[i] - shift);
            sums.maximum[i] = maximum;
            sums.sum[i] *= factor;
            partial[i] *= factor;
            HEED_UNROLL
            for (int j = 0; j < Plan::thread_columns; ++j) sums.rows[i][j] *= factor;
            HEED_UNROLL
            for (int j = 0; j < other_columns; ++j) {
                scores[i][j] = pairs.multiplicity * expf(scores[i][j] - shift);
                partial[i] += scores[i][j];
            }
        }
        HEED_UNROLL
        for (int j = 0; j < other_columns; ++j) {
            const int key = thread_x() + j * side;
            bool kept[rows];
            const bool draws = pairs.dropout.threshold != 0 && key < keys.count;
            if (draws) {
                draw_kept(pairs, first_query + thread_y(), first_query + own.count, first_key + key, kept);
            }
            HEED_UNROLL
            for (int i = 0; i < rows; ++i) {
                weights[(thread_y() + i * side) * weight_stride + key] = draws && !kept[i] ? 0.0F : scores[i][j];
            }
        }
        add_weighted_rows<Plan>(weights, pairs.key_tile(pairs.value, first_key, other_rows), mask, slice, sums.rows);
    }
    HEED_UNROLL
    for (int i = 0; i < rows; ++i) sums.sum[i] += row_reduce(partial[i], Sum{});
}

/// What the gradients need of the forward pass, by number of query.
struct OutputGradient {
    HeadRows<const float> d_output;
    const float* log_sum_exp;
    const float* row_dot;  ///< sums over the components of d_output * output

    /// Log-sum-exp of a query, less the logarithm of how often a pair counts; where there is none, inf, so that
    /// exp(score - log_sum_exp) is 0.
    __device__ float shift(const QueriesAndKeys& pairs, int64_t query) const {
        const float value = query < pairs.queries ? log_sum_exp[pairs.query_numbers[query]] : -INFINITY;
        if (value == -INFINITY) return INFINITY;
        return pairs.multiplicity > 1 ? value - logf(pairs.multiplicity) : value;
    }
    __device__ float dot(const QueriesAndKeys& pairs, int64_t query) const {
        return query < pairs.queries ? row_dot[pairs.query_numbers[query]] : 0.0F;
    }
};

/// A weight with its dropout, and the gradient of its score times scale.
struct PairGradient {
    float weight;
    float d_score;
};
__device__ inline PairGradient pair_gradient(const QueriesAndKeys& pairs, float score, float d_weight, float shift,
                                             float row_dot, bool kept) {
    const float weight = expf(score - shift);
    const float factor = kept ? pairs.dropout.keep_scale : 0.0F;
    const float d_kept = kept ? factor * d_weight : 0.0F;  // what is not finite does not come through
    return {factor * weight, weight * (d_kept - row_dot) * pairs.scale};
}

/// Calls write(query, key, weight) for the pairs of the queries from `first_query` on that meet, without dropout.
template <class Plan, class Write>
__device__ void for_each_weight(const QueriesAndKeys& pairs, const float* log_sum_exp, int64_t first_query,
                                float* memory, const Write& write) {
    const OutputGradient output = {{}, log_sum_exp, nullptr};
    const TokenTile queries = pairs.query_tile(first_query, Plan::own_rows, pairs.scale);
    __syncthreads();  // an earlier tile may still be read
    load_own<Plan>(queries, memory);
    const int64_t visible = pairs.band.end_of_keys(first_query + queries.count, pairs.keys);
    for (int64_t first_key = first_tile(pairs.band.first_key(first_query)); first_key < visible;
         first_key += other_rows) {
        const TokenTile keys = pairs.key_tile(pairs.key, first_key, other_rows);
        const PairMask mask = pair_mask(pairs.band, first_query, first_key, keys.count, true);
        float scores[Plan::thread_rows][other_columns];
        dot_products<Plan>(queries, memory, keys, memory + Plan::own_floats, scores);
        HEED_UNROLL
        for (int i = 0; i < Plan::thread_rows; ++i) {
            const int row = thread_y() + i * side;
            if (row >= queries.count) continue;
            const float shift = output.shift(pairs, first_query + row);
            HEED_UNROLL
            for (int j = 0; j < other_columns; ++j) {
                const int column = thread_x() + j * side;
                if (column >= keys.count || !mask.visible(row, column)) continue;
                write(pairs.query_numbers[first_query + row], pairs.key_numbers[first_key + column],
                      expf(scores[i][j] - shift));
            }
        }
    }
}

/// How the gradients of heads of up to `padded_dim` components are computed.
template <int padded_dim>
using BackwardPlan = TilePlan<padded_dim, padded_dim <= 128 ? 2 * side : side>;

template <class Plan>
inline constexpr size_t backward_shared_bytes = sizeof(float) *
                                                (2 * Plan::own_floats + 2 * Plan::weight_floats + slice_floats);

/// d_query[i][j] += component x + side * j of the gradient of query first_query + y + side * i.
template <class Plan>
__device__ void add_query_gradient(const QueriesAndKeys& pairs, const OutputGradient& output, int64_t first_query,
                                   float (&d_query)[Plan::thread_rows][Plan::thread_columns], float* memory) {
    constexpr int rows = Plan::thread_rows;
    float* const query_memory = memory;
    float* const d_output_memory = query_memory + Plan::own_floats;
    float* const d_scores = d_output_memory + Plan::own_floats;
    float* const slice = d_scores + Plan::weight_floats;
    const TokenTile queries = pairs.query_tile(first_query, Plan::own_rows, pairs.scale);
    TokenTile d_outputs = queries;
    d_outputs.rows = output.d_output;
    d_outputs.factor = 1;
    __syncthreads();  // an earlier tile may still be read
    load_own<Plan>(queries, query_memory);
    load_own<Plan>(d_outputs, d_output_memory);
    float shift[rows], row_dot[rows];
    HEED_UNROLL
    for (int i = 0; i < rows; ++i) {
        shift[i] = output.shift(pairs, first_query + thread_y() + i * side);
        row_dot[i] = output.dot(pairs, first_query + thread_y() + i * side);
    }
    const int64_t visible = pairs.band.end_of_keys(first_query + queries.count, pairs.keys);
    for (int64_t first_key = first_tile(pairs.band.first_key(first_query)); first_key < visible;
         first_key += other_rows) {
        const TokenTile keys = pairs.key_tile(pairs.key, first_key, other_rows);
        const TokenTile values = pairs.key_tile(pairs.value, first_key, other_rows);
        const PairMask mask = pair_mask(pairs.band, first_query, first_key, keys.count, true);
        float scores[rows][other_columns], d_weights[rows][other_columns];
        dot_products<Plan>(queries, query_memory, keys, slice, scores);
        dot_products<Plan>(d_outputs, d_output_memory, values, slice, d_weights);
        HEED_UNROLL
        for (int j = 0; j < other_columns; ++j) {
            const int key = thread_x() + j * side;
            bool kept[rows];
            const bool draws = pairs.dropout.threshold != 0 && key < keys.count;
            if (draws) {
                draw_kept(pairs, first_query + thread_y(), first_query + queries.count, first_key + key, kept);
            }
            HEED_UNROLL
            for (int i = 0; i < rows; ++i) {
                const int query = thread_y() + i * side;
                const bool met = key < keys.count && mask.visible(query, key);
                const PairGradient pair =
                    pair_gradient(pairs, scores[i][j], d_weights[i][j], shift[i], row_dot[i], !draws || kept[i]);
                d_scores[query * weight_stride + key] = met ? pair.d_score : 0.0F;
            }
        }
        add_weighted_rows<Plan>(d_scores, keys, mask, slice, d_query);
    }
}

/// The same for the keys from `first_key` on and their values.
template <class Plan>
__device__ void add_key_gradients(const QueriesAndKeys& pairs, const OutputGradient& output, int64_t first_key,
                                  float (&d_key)[Plan::thread_rows][Plan::thread_columns],
                                  float (&d_value)[Plan::thread_rows][Plan::thread_columns], float* memory) {
    static_assert(backward_shared_bytes<Plan> <= most_shared_bytes);
    constexpr int rows = Plan::thread_rows;
    float* const key_memory = memory;
    float* const value_memory = key_memory + Plan::own_floats;
    float* const weights = value_memory + Plan::own_floats;
    float* const d_scores = weights + Plan::weight_floats;
    float* const slice = d_scores + Plan::weight_floats;
    const TokenTile keys = pairs.key_tile(pairs.key, first_key, Plan::own_rows);
    const TokenTile values = pairs.key_tile(pairs.value, first_key, Plan::own_rows);
    __syncthreads();  // an earlier tile may still be read
    load_own<Plan>(keys, key_memory);
    load_own<Plan>(values, value_memory);
    const int64_t meeting = pairs.band.end_of_queries(first_key + keys.count, pairs.queries);
    for (int64_t first_query = first_tile(pairs.band.first_query(first_key)); first_query < meeting;
         first_query += other_rows) {
        const TokenTile queries = pairs.query_tile(first_query, other_rows, pairs.scale);
        TokenTile d_outputs = queries;
        d_outputs.rows = output.d_output;
        d_outputs.factor = 1;
        const PairMask mask = pair_mask(pairs.band, first_query, first_key, keys.count, false);
        float scores[rows][other_columns], d_values[rows][other_columns];
        dot_products<Plan>(keys, key_memory, queries, slice, scores);
        dot_products<Plan>(values, value_memory, d_outputs, slice, d_values);
        float shift[other_columns], row_dot[other_columns];
        HEED_UNROLL
        for (int j = 0; j < other_columns; ++j) {
            shift[j] = output.shift(pairs, first_query + thread_x() + j * side);
            row_dot[j] = output.dot(pairs, first_query + thread_x() + j * side);
        }
        HEED_UNROLL
        for (int i = 0; i < rows; ++i) {
            const int key = thread_y() + i * side;
            bool kept[other_columns];
            const bool draws = pairs.dropout.threshold != 0 && key < keys.count;
            if (draws) draw_kept(pairs, first_query + thread_x(), pairs.queries, first_key + key, kept);
            HEED_UNROLL
            for (int j = 0; j < other_columns; ++j) {
                const int query = thread_x() + j * side;
                const bool met = mask.visible(key, query);
                const PairGradient pair =
                    pair_gradient(pairs, scores[i][j], d_values[i][j], shift[j], row_dot[j], !draws || kept[j]);
                weights[key * weight_stride + query] = met ? pair.weight : 0.0F;
                d_scores[key * weight_stride + query] = met ? pair.d_score : 0.0F;
            }
        }
        add_weighted_rows<Plan>(weights, d_outputs, mask, slice, d_value);
        TokenTile unscaled = queries;
        unscaled.factor = 1;  // the scale is in the gradients of the scores
        add_weighted_rows<Plan>(d_scores, unscaled, mask, slice, d_key);
    }
}

/// Calls body(std::integral_constant<int, padded_dim>) with the size that heads of head_dim components are computed in.
template <class Body>
void with_padded_head_dim(int64_t head_dim, const Body& body) {
    if (head_dim <= 32) return body(std::integral_constant<int, 32>());
    if (head_dim <= 64) return body(std::integral_constant<int, 64>());
    if (head_dim <= 128) return body(std::integral_constant<int, 128>());
    body(std::integral_constant<int, 512>());
}

}  // namespace heed::cuda
