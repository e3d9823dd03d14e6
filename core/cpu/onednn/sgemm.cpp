#include "heed/core/cpu/onednn/sgemm.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "heed/core/cpu/onednn/describe.h"
#include "heed/core/cpu/onednn/library.h"
#include "heed/core/cpu/onednn/scratch.h"
#include "heed/core/parallel.h"

namespace heed::onednn {

namespace {

void call(const MatrixProduct& p) {
    // The first product of a form generates its code, and each allocates what it copies its operands to.
    static std::atomic<bool> prepared[4];
    std::atomic<bool>& has_code = prepared[2 * (p.transpose_a ? 1 : 0) + (p.transpose_b ? 1 : 0)];
    if (!has_code.load(std::memory_order_relaxed)) require_memory_for_code();
    has_code.store(true, std::memory_order_relaxed);
    check(dnnl_sgemm(p.transpose_a ? 'T' : 'N', p.transpose_b ? 'T' : 'N', p.rows, p.columns, p.inner, p.alpha,
                     p.a.f32(), p.a_row_stride, p.b.f32(), p.b_row_stride, p.beta, p.c.f32(), p.c_row_stride),
          [&] { return "compute the matrix product " + describe(p); });
}

constexpr int64_t slice_rows = 256;
constexpr int64_t padding = 16;

/// A^T B below AVX-512 reads both operands in place, and rows that lie a multiple of 2 KiB (of 1 KiB in both operands)
/// apart fall into the same few sets of the cache: half the speed, or less. AVX-512 kernels copy what they read.
bool rows_collide(const MatrixProduct& p) {
    const int64_t a = p.a_row_stride, b = p.b_row_stride;
    return p.transpose_a && !p.transpose_b && !uses_avx512() && p.rows >= 64 && p.columns >= 64 &&
           p.inner >= slice_rows && (a % 512 == 0 || b % 512 == 0 || (a % 256 == 0 && b % 256 == 0));
}

/// A^T B from copies of `slice_rows` rows at a time, whose row strides are padded. The copies cost less than they save.
void padded_slices(const MatrixProduct& p) {
    thread_local Scratch scratch;
    const int64_t a_stride = p.rows + padding, b_stride = p.columns + padding;
    float* const a =
        static_cast<float*>(scratch.reserve(static_cast<size_t>(slice_rows * (a_stride + b_stride)) * sizeof(float)));
    float* const b = a + slice_rows * a_stride;
    MatrixProduct slice = p;
    slice.a = a;
    slice.a_row_stride = a_stride;
    slice.b = b;
    slice.b_row_stride = b_stride;
    for (int64_t first = 0; first < p.inner; first += slice_rows) {
        slice.inner = std::min(slice_rows, p.inner - first);
        parallel_for(slice.inner, 32, [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                const auto bytes = [](int64_t count) { return static_cast<size_t>(count) * sizeof(float); };
                std::memcpy(a + row * a_stride, p.a.f32() + (first + row) * p.a_row_stride, bytes(p.rows));
                std::memcpy(b + row * b_stride, p.b.f32() + (first + row) * p.b_row_stride, bytes(p.columns));
            }
        });
        call(slice);
        slice.beta = 1;
    }
}

}  // namespace

void sgemm(const MatrixProduct& product) {
    if (rows_collide(product)) {
        padded_slices(product);
    } else {
        call(product);
    }
}

}  // namespace heed::onednn
