#pragma once

// The products of a tile of scores with rows of queries, keys or values. Included by *.isa.cpp files only.

#include "heed/attention/heads/head_rows.h"
#include "heed/attention/tiles/score_tile.h"
#include "heed/attention/tiles/tile_pack.h"
#include "heed/attention/tiles/tile_product.h"

namespace heed::HEED_ISA {

/// Rows as an operand whose rows hold full vectors.
struct FullRows {
    const float* data;
    int64_t stride;
};

/// Sum over the components of a * b.
HEED_SIMD float row_dot(const float* a, const float* b, int64_t width) {
    vf sum = zero();
    int64_t c = 0;
    for (; c + lanes <= width; c += lanes) sum = fma(load(a + c), load(b + c), sum);
    if (c < width) sum = fma(load_partial(a + c, width - c), load_partial(b + c, width - c), sum);
    return hsum(sum);
}

/// True when no value of rows begin .. end - 1 is infinite or NaN.
static inline bool all_finite(const FullRows& rows, int64_t begin, int64_t end, int64_t columns) {
    vf sum = zero();
    for (int64_t row = begin; row < end; ++row) {
        const float* values = rows.data + row * rows.stride;
        for (int64_t c = 0; c < columns; c += lanes) sum += load(values + c) * 0.0F;
    }
    return hsum(sum) == 0.0F;
}

/// The tile c[key, query] = rows[key] . packed[query], of `queries` queries in panels.
static inline ScoreTile key_query_products(const float* rows, int64_t row_stride, int64_t keys, const float* packed,
                                           int64_t queries, int64_t head_dim, float* c) {
    const int64_t width = round_up(queries, lanes);
    tile_product({.a = rows,
                  .a_row = row_stride,
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

/// sums[query] (+)= sum over the keys of tile[key, query] * rows[key] for `count` queries, of which query i sees the
/// keys first_key + i .. last_key + i (last_key: at least tile.keys where nothing is hidden). The tile is 0 where a
/// query must not see a key, but 0 * NaN is NaN: each query keeps to its own keys where a hidden row is not finite. The
/// other sums have the same bits either way, but for a sum of 0, whose sign may differ.
static inline void add_over_keys(const ScoreTile& tile, int64_t count, int64_t last_key, const FullRows& rows,
                                 int64_t columns, bool accumulate, float* sums, int64_t sums_stride,
                                 int64_t first_key = nothing_before) {
    const auto product = [&](int64_t first, int64_t queries, int64_t begin, int64_t keys) {
        transposed_tile_product({.a = tile.scores + begin * tile.stride + first,
                                 .a_row = 1,
                                 .a_k = tile.stride,
                                 .b = rows.data + begin * rows.stride,
                                 .b_k = rows.stride,
                                 .b_panel = panel_width,
                                 .c = sums + first * sums_stride,
                                 .c_row = sums_stride,
                                 .rows = queries,
                                 .columns = columns,
                                 .depth = keys - begin,
                                 .accumulate = accumulate});
    };
    if (all_finite(rows, max(0, min(tile.keys, last_key + 1)), tile.keys, columns) &&
        all_finite(rows, 0, max(0, min(tile.keys, first_key + count - 1)), columns)) {
        product(0, count, 0, tile.keys);
        return;
    }
    for (int64_t i = 0; i < count; ++i) {
        const int64_t end = max(0, min(tile.keys, last_key + 1 + i));
        product(i, 1, max(0, min(end, first_key + i)), end);
    }
}

/// sums[key - begin] (+)= sum over the queries of tile[key, query] * rows[query] for keys begin .. end - 1.
static inline void add_over_queries(const ScoreTile& tile, int64_t begin, int64_t end, const FullRows& rows,
                                    int64_t queries, int64_t columns, bool accumulate, float* sums,
                                    int64_t sums_stride) {
    tile_product({.a = tile.scores + begin * tile.stride,
                  .a_row = tile.stride,
                  .a_k = 1,
                  .b = rows.data,
                  .b_k = rows.stride,
                  .b_panel = panel_width,
                  .c = sums,
                  .c_row = sums_stride,
                  .rows = end - begin,
                  .columns = columns,
                  .depth = queries,
                  .accumulate = accumulate});
}

/// Packed rows of `width` floats, a multiple of `lanes`, times a factor each.
static inline void scale_rows(float* rows, int64_t width, const float* factor, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        float* row = rows + i * width;
        for (int64_t c = 0; c < width; c += lanes) store(row + c, load(row + c) * factor[i]);
    }
}

/// log(sum) + maximum of a softmax, -inf for an empty sum.
HEED_SIMD vf log_of_sum(vf max_score, vf sum) {
    return select(sum == zero(), broadcast(-__builtin_inff()), max_score + log(sum));
}

}  // namespace heed::HEED_ISA
