#pragma once

// Copies of tiles in the layouts that tile_product reads. Included by *.isa.cpp files only.

#include "heed/attention/tiles/tile_product.h"

namespace heed::HEED_ISA {

HEED_SIMD int64_t round_up(int64_t n, int64_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

namespace detail {

/// Columns 0 .. 3 of `lanes` rows, as four vectors with the rows along the lanes.
HEED_SIMD void transpose_four_columns(const float* rows, int64_t row_stride, vf column[4]) {
    vf four[4];  // four[r]: columns 0 .. 3 of rows r, r + 4, r + 8, ...
    for (int r = 0; r < 4; ++r) {
        const float* p = rows + r * row_stride;
#if defined(__AVX512F__)
        const __m256 low =
            _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + 4 * row_stride), 1);
        const __m256 high = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p + 8 * row_stride)),
                                                 _mm_loadu_ps(p + 12 * row_stride), 1);
        typedef float v8 __attribute__((vector_size(32)));
        four[r] = __builtin_shufflevector((v8)low, (v8)high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#elif defined(__AVX2__)
        four[r] =
            (vf)_mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + 4 * row_stride), 1);
#else
        four[r] = (vf)_mm_loadu_ps(p);
#endif
    }
    // Within each four lanes: a0 b0 a1 b1, a2 b2 a3 b3, a0 a1 b0 b1, a2 a3 b2 b3. The compiler finds the instructions.
    const vi lane = lane_index();
    const vi low_pairs = (lane & ~3) + ((lane & 2) >> 1) + (lane & 1) * lanes;
    const vi low_halves = (lane & ~3) + (lane & 1) + ((lane & 2) >> 1) * lanes;
    const vf low01 = __builtin_shuffle(four[0], four[1], low_pairs);
    const vf low23 = __builtin_shuffle(four[2], four[3], low_pairs);
    const vf high01 = __builtin_shuffle(four[0], four[1], low_pairs + 2);
    const vf high23 = __builtin_shuffle(four[2], four[3], low_pairs + 2);
    column[0] = __builtin_shuffle(low01, low23, low_halves);
    column[1] = __builtin_shuffle(low01, low23, low_halves + 2);
    column[2] = __builtin_shuffle(high01, high23, low_halves);
    column[3] = __builtin_shuffle(high01, high23, low_halves + 2);
}

}  // namespace detail

/// The transpose of `factor` * source [rows, columns] as panels of panel_width of its rows: element (row, column) goes
/// to packed[row / panel_width * panel_width * columns + column * panel_width + row % panel_width]. Rows up to the next
/// multiple of `lanes` become 0.
static inline void pack_transposed(const float* source, int64_t row_stride, int64_t rows, int64_t columns, float factor,
                                   float* packed) {
    for (int64_t row = 0; row < rows; row += lanes) {
        const float* from = source + row * row_stride;
        float* to = packed + row / panel_width * panel_width * columns + row % panel_width;
        const int64_t count = rows - row < lanes ? rows - row : lanes;
        int64_t column = 0;
        if (count == lanes) {
            for (; column + 4 <= columns; column += 4) {
                vf four[4];
                detail::transpose_four_columns(from + column, row_stride, four);
                for (int i = 0; i < 4; ++i) store(to + (column + i) * panel_width, four[i] * factor);
            }
        }
        for (; column < columns; ++column) {
            vf v = zero();
            for (int64_t i = 0; i < count; ++i) v[i] = from[i * row_stride + column];
            store(to + column * panel_width, v * factor);
        }
    }
}

/// Copies source [rows, columns] with rows filled up with 0 to a multiple of `lanes`, one after the other.
static inline void pack_rows(const float* source, int64_t row_stride, int64_t rows, int64_t columns, float* packed) {
    const int64_t width = round_up(columns, lanes);
    for (int64_t row = 0; row < rows; ++row) {
        const float* from = source + row * row_stride;
        float* to = packed + row * width;
        int64_t column = 0;
        for (; column + lanes <= columns; column += lanes) store(to + column, load(from + column));
        if (column < columns) store(to + column, load_partial(from + column, columns - column));
    }
}

}  // namespace heed::HEED_ISA
