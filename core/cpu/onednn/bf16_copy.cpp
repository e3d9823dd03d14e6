#include "heed/core/cpu/onednn/bf16_copy.h"

#include <immintrin.h>

#include <algorithm>

#include "heed/core/cpu/onednn/scratch.h"
#include "heed/core/parallel.h"

namespace heed::onednn {

namespace {

/// A batch of matrices, contiguous within rows.
struct Stored {
    const float* data;
    int64_t rows;
    int64_t columns;
    int64_t row_stride;
    int64_t batch;
    int64_t batch_stride;

    bool operator==(const Stored&) const = default;

    /// The row stride of a copy: whole lines of the cache.
    int64_t copied_row_stride() const { return (columns + 31) / 32 * 32; }
    int64_t copied_count() const { return batch * rows * copied_row_stride(); }
};

Stored stored(const MatrixProduct& p, const float* data, int64_t rows, int64_t columns, int64_t row_stride,
              int64_t batch_stride) {
    const bool shared = p.batch == 1 || batch_stride == 0;
    return {data, rows, columns, row_stride, shared ? 1 : p.batch, shared ? 0 : batch_stride};
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) void copy_row(const float* from, uint16_t* to,
                                                                              int64_t count) {
    constexpr int64_t lanes = 16;
    for (int64_t i = 0; i < count; i += lanes) {
        const int64_t rest = std::min(lanes, count - i);
        const auto mask = static_cast<__mmask16>((1U << rest) - 1);
        const __m256bh rounded = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, from + i));
        _mm256_mask_storeu_epi16(to + i, mask, reinterpret_cast<const __m256i&>(rounded));
    }
}

void copy(const Stored& m, uint16_t* to) {
    const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 15) / m.columns);
    parallel_for(m.batch * m.rows, grain, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            const float* const from = m.data + row / m.rows * m.batch_stride + row % m.rows * m.row_stride;
            copy_row(from, to + row * m.copied_row_stride(), m.columns);
        }
    });
}

}  // namespace

Bf16Copies::Bf16Copies(const MatrixProduct& of) : product(of) {
    thread_local Scratch scratch;
    const Stored a = stored(of, of.a, of.transpose_a ? of.inner : of.rows, of.transpose_a ? of.rows : of.inner,
                            of.a_row_stride, of.a_batch_stride);
    const Stored b = stored(of, of.b, of.transpose_b ? of.columns : of.inner, of.transpose_b ? of.inner : of.columns,
                            of.b_row_stride, of.b_batch_stride);
    const bool same = a == b;
    const int64_t count = a.copied_count() + (same ? 0 : b.copied_count());
    auto* const copy_of_a = static_cast<uint16_t*>(scratch.reserve(static_cast<size_t>(count) * sizeof(uint16_t)));
    uint16_t* const copy_of_b = same ? copy_of_a : copy_of_a + a.copied_count();
    copy(a, copy_of_a);
    if (!same) copy(b, copy_of_b);
    operands = {copy_of_a, copy_of_b};
    product.a_row_stride = a.copied_row_stride();
    product.a_batch_stride = a.batch == 1 ? 0 : a.rows * a.copied_row_stride();
    product.b_row_stride = b.copied_row_stride();
    product.b_batch_stride = b.batch == 1 ? 0 : b.rows * b.copied_row_stride();
}

}  // namespace heed::onednn
