#pragma once

// What the attention kernels do to a tile of scores between the matrix products. A tile holds keys as rows and queries
// along the lanes, so that reductions over the keys need no shuffles. Included by *.isa.cpp files only.

#include "heed/core/simd/math.h"
#include "heed/core/simd/philox.h"

namespace heed::HEED_ISA {

/// Tiles of scores have at most this many queries (a multiple of 64: see TileDropout) and keys. A chunk of SMYRF is
/// computed in the same tiles, so that one chunk is computed as sdpa computes it.
constexpr int64_t query_block = 128;
constexpr int64_t key_block = 256;

/// scores[key * stride + query] for 0 <= key < keys and 0 <= query < width, a multiple of `lanes`.
struct ScoreTile {
    float* scores;
    int64_t stride;
    int64_t keys;
    int64_t width;
};

/// Writes `value` where a query must not see a key: query t (counted from the left edge of the tile) sees the keys up
/// to t + last_key_of_first_query (counted from the top; may be negative).
static inline void fill_future(const ScoreTile& tile, int64_t last_key_of_first_query, float value) {
    const vf fill = broadcast(value);
    const int64_t first = last_key_of_first_query + 1 > 0 ? last_key_of_first_query + 1 : 0;
    for (int64_t key = first; key < tile.keys; ++key) {
        float* row = tile.scores + key * tile.stride;
        const int64_t hidden = key - last_key_of_first_query;  // queries 0 .. hidden - 1
        const int64_t end = hidden < tile.width ? hidden : tile.width;
        int64_t query = 0;
        for (; query + lanes <= end; query += lanes) store(row + query, fill);
        if (query < end) store_partial(row + query, fill, end - query);
    }
}

/// What first_key_of_first_query is where no key is hidden before a query.
constexpr int64_t nothing_before = -query_block;

/// The same before: query t sees the keys from t + first_key_of_first_query on.
static inline void fill_past(const ScoreTile& tile, int64_t first_key_of_first_query, float value) {
    const vf fill = broadcast(value);
    for (int64_t key = 0; key < tile.keys; ++key) {
        float* row = tile.scores + key * tile.stride;
        const int64_t seen = key - first_key_of_first_query + 1;  // queries 0 .. seen - 1
        int64_t query = seen > 0 ? seen : 0;
        for (; query < tile.width && query % lanes != 0; ++query) row[query] = value;
        for (; query < tile.width; query += lanes) store(row + query, fill);
    }
}

namespace detail {

template <int V>
HEED_SIMD void online_softmax_columns(const ScoreTile& tile, int64_t column, float* max, float* sum, float* factor) {
    vf old_max[V], new_max[V], shift[V], total[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) new_max[v] = old_max[v] = load(max + column + v * lanes);
    const float* read = tile.scores + column;
    for (int64_t key = 0; key < tile.keys; ++key, read += tile.stride) {
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) new_max[v] = vmax(load(read + v * lanes), new_max[v]);
    }
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
        // A column of -inf alone has no key so far: shift by 0, so that its weights become 0 and not NaN.
        shift[v] = select(new_max[v] == -__builtin_inff(), zero(), new_max[v]);
        total[v] = zero();
    }
    float* row = tile.scores + column;
    for (int64_t key = 0; key < tile.keys; ++key, row += tile.stride) {
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) {
            const vf e = exp_nonpositive(load(row + v * lanes) - shift[v]);
            store(row + v * lanes, e);
            total[v] += e;
        }
    }
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
        const int64_t at = column + v * lanes;
        const vf f = exp_nonpositive(old_max[v] - shift[v]);
        store(max + at, new_max[v]);
        store(factor + at, f);
        store(sum + at, fma(load(sum + at), f, total[v]));
    }
}

}  // namespace detail

/// One step of the online softmax: scores become exp(score - max) with the maximum so far, `sum` grows by them.
/// `factor` is what sums of earlier tiles have to be multiplied by; `max` (-inf at the start) and `sum` (0 at the
/// start) have been brought up to date. NaN is left out of the maximum and stays in the weights and the sum.
static inline void online_softmax(const ScoreTile& tile, float* max, float* sum, float* factor) {
    int64_t column = 0;
    for (; column + 2 * lanes <= tile.width; column += 2 * lanes) {
        detail::online_softmax_columns<2>(tile, column, max, sum, factor);
    }
    if (column < tile.width) detail::online_softmax_columns<1>(tile, column, max, sum, factor);
}

/// Which weights are kept. The first query of a tile must be a multiple of 64, like the elements of `first_element`.
struct TileDropout {
    RandomKey key;
    uint32_t step;
    uint32_t sample;
    uint32_t threshold;     ///< a weight is dropped when its word is below
    float keep_scale;       ///< 1 / (1 - p)
    int64_t first_element;  ///< of the tile's first key and query
    int64_t elements_per_key;
};

/// Number of vectors in 64 queries, which share their Philox blocks.
inline constexpr int dropout_group = 64 / lanes;

/// True where a weight is kept, for the 64 queries of a tile from `query` on and one key of the tile.
HEED_SIMD void kept_weights(const TileDropout& dropout, int64_t key, int64_t query, int64_t /*width*/,
                            vi kept[dropout_group]) {
    // A random word is below the threshold; unsigned comparison through the sign bit.
    const vi threshold = broadcast(static_cast<int32_t>(dropout.threshold ^ 0x80000000U));
    const int64_t element = dropout.first_element + key * dropout.elements_per_key + query;
    for (int first = 0; first < 16; first += lanes) {
        vu word[4];
        philox(dropout.key, static_cast<uint64_t>(element / 4 + first), dropout.sample, dropout.step, word);
        for (int w = 0; w < 4; ++w) {
            kept[(16 * w + first) / lanes] = ((vi)word[w] ^ broadcast(INT32_MIN)) >= threshold;
        }
    }
}

/// Sets the dropped weights of a tile to 0; the others are not scaled. `Dropout` is TileDropout or another type with
/// keep_scale and kept_weights.
template <class Dropout>
static inline void drop_weights(const ScoreTile& tile, const Dropout& dropout) {
    for (int64_t key = 0; key < tile.keys; ++key) {
        for (int64_t query = 0; query < tile.width; query += 64) {
            vi kept[dropout_group];
            kept_weights(dropout, key, query, tile.width, kept);
            float* row = tile.scores + key * tile.stride + query;
            for (int v = 0; v < dropout_group && query + v * lanes < tile.width; ++v) {
                store(row + v * lanes, select(kept[v], load(row + v * lanes), zero()));
            }
        }
    }
}

/// Scores become weights exp(score - log_sum_exp[query]).
static inline void weights_of_scores(const ScoreTile& tile, const float* log_sum_exp) {
    for (int64_t key = 0; key < tile.keys; ++key) {
        float* row = tile.scores + key * tile.stride;
        for (int64_t query = 0; query < tile.width; query += lanes) {
            store(row + query, exp_nonpositive(load(row + query) - load(log_sum_exp + query)));
        }
    }
}

namespace detail {

/// One vector: the gradient of the scores, times scale, from the weight, its gradient and sum over keys of their
/// product.
HEED_SIMD vf score_gradient(vf weight, vf d_weight, vf row_dot, float scale) {
    return weight * (d_weight - row_dot) * scale;
}

}  // namespace detail

/// Scores become weights W = exp(score - log_sum_exp), and `d_weights` (same strides; the gradient of the weights)
/// becomes scale times the gradient of the scores, W (d_weights - row_dot).
static inline void softmax_backward(const ScoreTile& tile, float* d_weights, const float* log_sum_exp,
                                    const float* row_dot, float scale) {
    for (int64_t key = 0; key < tile.keys; ++key) {
        float* row = tile.scores + key * tile.stride;
        float* d_row = d_weights + key * tile.stride;
        for (int64_t query = 0; query < tile.width; query += lanes) {
            const vf weight = exp_nonpositive(load(row + query) - load(log_sum_exp + query));
            store(row + query, weight);
            store(d_row + query, detail::score_gradient(weight, load(d_row + query), load(row_dot + query), scale));
        }
    }
}

/// The same with dropout D: scores become D W, and the gradient of the scores is W (D d_weights - row_dot).
template <class Dropout>
static inline void softmax_dropout_backward(const ScoreTile& tile, float* d_weights, const float* log_sum_exp,
                                            const float* row_dot, float scale, const Dropout& dropout) {
    for (int64_t key = 0; key < tile.keys; ++key) {
        for (int64_t group = 0; group < tile.width; group += 64) {
            vi kept[dropout_group];
            kept_weights(dropout, key, group, tile.width, kept);
            for (int v = 0; v < dropout_group && group + v * lanes < tile.width; ++v) {
                const int64_t query = group + v * lanes;
                float* score = tile.scores + key * tile.stride + query;
                float* gradient = d_weights + key * tile.stride + query;
                const vf weight = exp_nonpositive(load(score) - load(log_sum_exp + query));
                const vf d_weight = select(kept[v], load(gradient) * dropout.keep_scale, zero());
                store(score, select(kept[v], weight * dropout.keep_scale, zero()));
                store(gradient, detail::score_gradient(weight, d_weight, load(row_dot + query), scale));
            }
        }
    }
}

}  // namespace heed::HEED_ISA
