#include "heed/core/kernels/grain.h"
#include "heed/core/kernels/softmax_kernels.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/loop.h"
#include "heed/core/simd/math.h"

namespace heed::HEED_ISA {

namespace {

constexpr float infinity = __builtin_inff();

int64_t valid_elements(const RowLengths& valid, int64_t row, int64_t width) {
    if (valid.lengths == nullptr) return width;
    const int64_t length = valid.lengths[row / valid.rows_per_length];
    return length < 0 ? 0 : length < width ? length : width;
}

/// The largest of n elements, passing over NaN; -inf when there is none.
HEED_SIMD float row_max(const float* x, int64_t n) {
    vf a = broadcast(-infinity);
    vf b = a;
    int64_t j = 0;
    for (; j + 2 * lanes <= n; j += 2 * lanes) {
        a = vmax(load(x + j), a);
        b = vmax(load(x + j + lanes), b);
    }
    for_lanes(n - j, [&](int64_t i, int64_t count) HEED_INLINE {
        const vf v = load(x + j + i, count);
        a = vmax(count == lanes ? v : select(first_lanes(count), v, a), a);
    });
    return hmax(vmax(a, b));
}

HEED_SIMD void clear(float* y, int64_t begin, int64_t end) {
    for_lanes(end - begin, [&](int64_t j, int64_t count) HEED_INLINE { store(y + begin + j, zero(), count); });
}

HEED_SIMD void forward_row(const float* x, float* y, int64_t n) {
    const float largest = row_max(x, n);
    // A row of -inf alone gets exponentials of 0 and a sum of 0, instead of -inf - -inf.
    const vf shift = broadcast(largest == -infinity ? 0.0F : largest);
    vf total = zero();
    for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE {
        const vf e = exp_nonpositive(load(x + j, count) - shift);
        store(y + j, e, count);
        total += keep_first(e, count);
    });
    const float sum = hsum(total);
    const vf factor = broadcast(sum == 0.0F ? 0.0F : 1.0F / sum);
    for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE { store(y + j, load(y + j, count) * factor, count); });
}

HEED_SIMD void backward_row(const float* y, const float* dy, float* dx, int64_t n) {
    vf a = zero();
    vf b = zero();
    int64_t j = 0;
    for (; j + 2 * lanes <= n; j += 2 * lanes) {
        a = fma(load(y + j), load(dy + j), a);
        b = fma(load(y + j + lanes), load(dy + j + lanes), b);
    }
    for_lanes(n - j, [&](int64_t i, int64_t count)
                         HEED_INLINE { a = fma(load(y + j + i, count), load(dy + j + i, count), a); });
    const vf mean = broadcast(hsum(a + b));
    for_lanes(n, [&](int64_t i, int64_t count)
                     HEED_INLINE { store(dx + i, load(y + i, count) * (load(dy + i, count) - mean), count); });
}

void softmax_forward(const SoftmaxForward& a) {
    parallel_for(a.rows, chunk_rows(a.width), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            const int64_t n = valid_elements(a.valid, row, a.width);
            float* y = a.y + row * a.width;
            forward_row(a.x + row * a.width, y, n);
            clear(y, n, a.width);
        }
    });
}

void softmax_backward(const SoftmaxBackward& a) {
    parallel_for(a.rows, chunk_rows(a.width), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            const int64_t n = valid_elements(a.valid, row, a.width);
            float* dx = a.dx + row * a.width;
            backward_row(a.y + row * a.width, a.dy + row * a.width, dx, n);
            clear(dx, n, a.width);
        }
    });
}

}  // namespace

extern const SoftmaxKernels softmax;
const SoftmaxKernels softmax = {softmax_forward, softmax_backward};

}  // namespace heed::HEED_ISA
