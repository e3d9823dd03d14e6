#pragma once

// Sums over the rows of a matrix, tile by tile, for *.isa.cpp files.

#include "heed/core/kernels/grain.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/loop.h"

namespace heed::HEED_ISA {

/// Rows of one tile. Each tile has partial sums of its own, so there are at most 64 tiles of rows; their number depends
/// on the shape alone.
HEED_SIMD int64_t sum_rows_tile(int64_t rows) {
    const int64_t share = (rows + 63) / 64;
    return share < 16 ? 16 : (share + 3) / 4 * 4;
}

HEED_SIMD int64_t sum_rows_tiles(int64_t rows) {
    const int64_t tile = sum_rows_tile(rows);
    return (rows + tile - 1) / tile;
}

/// sums[c] (+)= partial sums of all tiles, added in their order, for c = begin .. end - 1; those of tile t begin at
/// partial[t * stride].
HEED_SIMD void add_partial_sums(const float* partial, int64_t tiles, int64_t stride, float* sums, bool accumulate,
                                int64_t begin, int64_t end) {
    for_lanes(end - begin, [&](int64_t j, int64_t count) HEED_INLINE {
        vf total = zero();
        for (int64_t t = 0; t < tiles; ++t) {
            total += load(partial + t * stride + begin + j, count);
        }
        if (accumulate) {
            total += load(sums + begin + j, count);
        }
        store(sums + begin + j, total, count);
    });
}

/// sums[c] (+)= sum over r of value(r, c). `value(r, j, count)` gives the vector of elements (r, j) .. (r, j + count -
/// 1) and is called once for each; `group` rows share one read and one write of the partial sums. `workspace` holds
/// sum_rows_tiles(rows) * width floats.
template <int group, class Value>
HEED_SIMD void sum_rows_of(int64_t rows, int64_t width, float* workspace, float* sums, bool accumulate,
                           const Value& value) {
    constexpr int64_t block = 4096;  // columns whose partial sums stay in the first-level cache
    const int64_t tile = sum_rows_tile(rows);
    const int64_t tiles = sum_rows_tiles(rows);
    const int64_t blocks = (width + block - 1) / block;
    const auto add_tile = [&](int64_t task) HEED_INLINE {
        const int64_t first_column = task % blocks * block;
        const int64_t columns = width - first_column < block ? width - first_column : block;
        const int64_t begin = task / blocks * tile;
        const int64_t end = begin + tile < rows ? begin + tile : rows;
        float* partial = workspace + task / blocks * width + first_column;
        for_lanes(columns, [&](int64_t j, int64_t count) HEED_INLINE { store(partial + j, zero(), count); });
        int64_t row = begin;
        for (; row + group <= end; row += group) {
            for_lanes(columns, [&](int64_t j, int64_t count) HEED_INLINE {
                vf total = load(partial + j, count);
                for (int r = 0; r < group; ++r) {
                    total += value(row + r, first_column + j, count);
                }
                store(partial + j, total, count);
            });
        }
        for (; row < end; ++row) {
            for_lanes(columns, [&](int64_t j, int64_t count) HEED_INLINE {
                store(partial + j, load(partial + j, count) + value(row, first_column + j, count), count);
            });
        }
    };
    const int64_t task_elements = tile * (width < block ? width : block);
    parallel_for(tiles * blocks, chunk_rows(task_elements), [&](int64_t first_task, int64_t last_task) {
        for (int64_t task = first_task; task < last_task; ++task) {
            add_tile(task);
        }
    });
    parallel_for(width, 256, [&](int64_t begin, int64_t end) {
        add_partial_sums(workspace, tiles, width, sums, accumulate, begin, end);
    });
}

}  // namespace heed::HEED_ISA
