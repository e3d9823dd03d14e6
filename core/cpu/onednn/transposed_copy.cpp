#include "heed/core/cpu/onednn/transposed_copy.h"

#include <xmmintrin.h>

#include <algorithm>

#include "heed/core/cpu/onednn/scratch.h"
#include "heed/core/parallel.h"

namespace heed::onednn {

namespace {

/// A cache line of floats: a strip this wide reads every line of the source once.
constexpr int64_t strip = 16;

void transpose_4x4(const float* from, int64_t from_stride, float* to, int64_t to_stride) {
    __m128 r0 = _mm_loadu_ps(from), r1 = _mm_loadu_ps(from + from_stride);
    __m128 r2 = _mm_loadu_ps(from + 2 * from_stride), r3 = _mm_loadu_ps(from + 3 * from_stride);
    _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
    _mm_storeu_ps(to, r0);
    _mm_storeu_ps(to + to_stride, r1);
    _mm_storeu_ps(to + 2 * to_stride, r2);
    _mm_storeu_ps(to + 3 * to_stride, r3);
}

/// to[column][row] = from[row][column] for all rows and the columns [begin, end).
void transpose_columns(const float* from, int64_t from_stride, float* to, int64_t rows, int64_t begin, int64_t end) {
    const int64_t whole_rows = rows / 4 * 4, whole_end = begin + (end - begin) / 4 * 4;
    for (int64_t row = 0; row < whole_rows; row += 4) {
        for (int64_t column = begin; column < whole_end; column += 4) {
            transpose_4x4(from + row * from_stride + column, from_stride, to + column * rows + row, rows);
        }
    }
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column = row < whole_rows ? whole_end : begin; column < end; ++column) {
            to[column * rows + row] = from[row * from_stride + column];
        }
    }
}

}  // namespace

MatrixProduct with_plain_copy_of_b(const MatrixProduct& p) {
    thread_local Scratch scratch;
    const int64_t rows = p.columns, columns = p.inner;
    float* const copy = static_cast<float*>(scratch.reserve(static_cast<size_t>(rows * columns) * sizeof(float)));
    const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 13) / (strip * rows));
    parallel_for((columns + strip - 1) / strip, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            transpose_columns(p.b.f32(), p.b_row_stride, copy, rows, i * strip, std::min(columns, (i + 1) * strip));
        }
    });
    MatrixProduct result = p;
    result.transpose_b = false;
    result.b = copy;
    result.b_row_stride = rows;
    return result;
}

}  // namespace heed::onednn
