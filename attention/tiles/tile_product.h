#pragma once

// Matrix products of tiles that lie in the first- or second-level cache, for the attention kernels. Included by
// *.isa.cpp files only.

#include "heed/core/simd/vector.h"

namespace heed::HEED_ISA {

/// Number of columns that one pass of the inner loop computes: two vectors.
inline constexpr int64_t panel_width = 2 * lanes;

/// c[i, j] = sum over k of a[i, k] b[k, j], added to c where `accumulate`. Each element is summed in the order of k,
/// whatever the sizes, so splitting rows or depth into several products does not change a bit.
struct TileProduct {
    const float* a;
    int64_t a_row;   ///< distance from a[i, k] to a[i + 1, k]; 1 for the transposed form
    int64_t a_k;     ///< distance from a[i, k] to a[i, k + 1]; 1 for the plain form
    const float* b;  ///< every row holds a multiple of `lanes` readable floats for its columns
    int64_t b_k;
    int64_t b_panel;  ///< distance from a column to the one panel_width further: panel_width where b is plain
    float* c;
    int64_t c_row;
    int64_t rows;
    int64_t columns;
    int64_t depth;
    bool accumulate;
};

namespace detail {

/// Rows of c that are held in registers, beside two vectors of b and one of a.
inline constexpr int max_tile_rows = lanes == 16 ? 12 : 6;

/// R rows and V vectors of columns. `last` is the number of columns in the last vector.
template <int R, int V, bool transposed>
void tile_rows(const TileProduct& p, const float* __restrict a, const float* __restrict b, float* __restrict c,
               int64_t last) {
    const int64_t a_row = transposed ? 1 : p.a_row;
    const int64_t a_k = transposed ? p.a_k : 1;
    const int64_t b_k = p.b_k;
    const int64_t c_row = p.c_row;
    vf sum[R][V];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
        for (int v = 0; v < V; ++v) sum[r][v] = zero();
    }
    if (p.accumulate) {
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
            for (int v = 0; v + 1 < V; ++v) sum[r][v] = load(c + r * c_row + v * lanes);
            const float* end = c + r * c_row + (V - 1) * lanes;
            sum[r][V - 1] = last == lanes ? load(end) : load_partial(end, last);
        }
    }
    for (int64_t k = p.depth; k > 0; --k) {
        vf bv[V];
#pragma GCC unroll 2
        for (int v = 0; v < V; ++v) bv[v] = load(b + v * lanes);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
            const vf av = broadcast(a[r * a_row]);
#pragma GCC unroll 2
            for (int v = 0; v < V; ++v) sum[r][v] = fma(av, bv[v], sum[r][v]);
        }
        a += a_k;
        b += b_k;
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
        for (int v = 0; v + 1 < V; ++v) store(c + r * c_row + v * lanes, sum[r][v]);
        float* end = c + r * c_row + (V - 1) * lanes;
        if (last == lanes) {
            store(end, sum[r][V - 1]);
        } else {
            store_partial(end, sum[r][V - 1], last);
        }
    }
}

using TileRows = void (*)(const TileProduct&, const float*, const float*, float*, int64_t);

/// tile_rows for 1, 2, ... max_tile_rows rows.
template <int V, bool transposed>
struct TileRowsTable {
    static constexpr TileRows function[] = {
        tile_rows<1, V, transposed>,  tile_rows<2, V, transposed>,  tile_rows<3, V, transposed>,
        tile_rows<4, V, transposed>,  tile_rows<5, V, transposed>,  tile_rows<6, V, transposed>,
#if defined(__AVX512F__)
        tile_rows<7, V, transposed>,  tile_rows<8, V, transposed>,  tile_rows<9, V, transposed>,
        tile_rows<10, V, transposed>, tile_rows<11, V, transposed>, tile_rows<12, V, transposed>,
#endif
    };
};

template <int V, bool transposed>
void tile_panel(const TileProduct& p, int64_t column, int64_t last) {
    const float* b = p.b + column / panel_width * p.b_panel;
    // Blocks of nearly the same height: a last block of one or two rows could not fill the multipliers.
    const int64_t blocks = (p.rows + max_tile_rows - 1) / max_tile_rows;
    const int64_t height = p.rows / blocks;
    const int64_t higher = p.rows - blocks * height;
    int64_t row = 0;
    for (int64_t block = 0; block < blocks; ++block) {
        const int64_t rows = height + (block < higher ? 1 : 0);
        TileRowsTable<V, transposed>::function[rows - 1](p, p.a + row * p.a_row, b, p.c + row * p.c_row + column, last);
        row += rows;
    }
}

template <bool transposed>
void tile_product(const TileProduct& p) {
    int64_t column = 0;
    for (; column + lanes < p.columns; column += panel_width) {
        const int64_t left = p.columns - column - lanes;
        tile_panel<2, transposed>(p, column, left < lanes ? left : lanes);
    }
    if (column < p.columns) tile_panel<1, transposed>(p, column, p.columns - column);
}

}  // namespace detail

/// Where a is read along its rows (a_k is 1).
static inline void tile_product(const TileProduct& p) {
    if (p.rows > 0) detail::tile_product<false>(p);
}

/// Where a is the transpose of what lies in memory (a_row is 1).
static inline void transposed_tile_product(const TileProduct& p) {
    if (p.rows > 0) detail::tile_product<true>(p);
}

}  // namespace heed::HEED_ISA
