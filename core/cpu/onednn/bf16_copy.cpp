#include "heed/core/cpu/onednn/bf16_copy.h"

#include <immintrin.h>

#include <algorithm>

#include "heed/core/cpu/onednn/scratch.h"
#include "heed/core/parallel.h"

namespace heed::onednn {

namespace {

/// A batch of matrices, contiguous within rows.
struct Stored {
    ConstElements data;
    int64_t rows;
    int64_t columns;
    int64_t row_stride;
    int64_t batch;
    int64_t batch_stride;

    bool operator==(const Stored&) const = default;

    /// The row stride of a copy: whole lines of the cache.
    int64_t copied_row_stride() const { return (columns + 31) / 32 * 32; }
    int64_t copied_batch_stride() const { return batch == 1 ? 0 : rows * copied_row_stride(); }
    int64_t copied_count() const { return batch * rows * copied_row_stride(); }
};

Stored stored(const MatrixProduct& p, ConstElements data, int64_t rows, int64_t columns, int64_t row_stride,
              int64_t batch_stride) {
    const bool shared = p.batch == 1 || batch_stride == 0;
    return {data, rows, columns, row_stride, shared ? 1 : p.batch, shared ? 0 : batch_stride};
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) void copy_row(const float* from, Bf16* to,
                                                                              int64_t count) {
    constexpr int64_t lanes = 16;
    for (int64_t i = 0; i < count; i += lanes) {
        const int64_t rest = std::min(lanes, count - i);
        const auto mask = static_cast<__mmask16>((1U << rest) - 1);
        const __m256bh rounded = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, from + i));
        _mm256_mask_storeu_epi16(to + i, mask, reinterpret_cast<const __m256i&>(rounded));
    }
}

void copy(const Stored& m, Bf16* to) {
    const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 15) / m.columns);
    parallel_for(m.batch * m.rows, grain, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            const float* const from = m.data.f32() + row / m.rows * m.batch_stride + row % m.rows * m.row_stride;
            copy_row(from, to + row * m.copied_row_stride(), m.columns);
        }
    });
}

}  // namespace

MatrixProduct with_bf16_operands(const MatrixProduct& p) {
    thread_local Scratch scratch;
    const Stored a = stored(p, p.a, p.transpose_a ? p.inner : p.rows, p.transpose_a ? p.rows : p.inner, p.a_row_stride,
                            p.a_batch_stride);
    const Stored b = stored(p, p.b, p.transpose_b ? p.columns : p.inner, p.transpose_b ? p.inner : p.columns,
                            p.b_row_stride, p.b_batch_stride);
    const bool copies_a = !p.a.is_bf16(), same = a == b, copies_b = !p.b.is_bf16() && !same;
    const int64_t count_a = copies_a ? a.copied_count() : 0, count_b = copies_b ? b.copied_count() : 0;
    auto* const room = static_cast<Bf16*>(scratch.reserve(static_cast<size_t>(count_a + count_b) * sizeof(Bf16)));
    MatrixProduct result = p;
    if (copies_a) {
        copy(a, room);
        result.a = room;
        result.a_row_stride = a.copied_row_stride();
        result.a_batch_stride = a.copied_batch_stride();
    }
    if (copies_b) copy(b, room + count_a);
    if (!p.b.is_bf16()) {
        result.b = room + (same ? 0 : count_a);
        result.b_row_stride = b.copied_row_stride();
        result.b_batch_stride = b.copied_batch_stride();
    }
    return result;
}

}  // namespace heed::onednn
