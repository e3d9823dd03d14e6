#include "heed/core/cpu/kernels/sum_rows.h"
#include "heed/core/kernels/elementwise_kernels.h"
#include "heed/core/kernels/grain.h"
#include "heed/core/simd/bf16.h"

namespace heed::HEED_ISA {

namespace {

/// y[i] = value(i) for i < n, where `value(i, count)` gives `count` of them.
template <class Element, class Value>
HEED_SIMD void map(Element* y, int64_t n, const Value& value) {
    parallel_for(n, chunk_elements, [&](int64_t begin, int64_t end) {
        for_lanes(end - begin,
                  [&](int64_t j, int64_t count) HEED_INLINE { store(y + begin + j, value(begin + j, count), count); });
    });
}

template <class Element>
void add(const Element* a, const Element* b, Element* y, int64_t n) {
    map(y, n, [=](int64_t i, int64_t count) HEED_INLINE { return load(a + i, count) + load(b + i, count); });
}

void accumulate(ConstElements x, Elements y, int64_t n) {
    with_pointers([&](auto* from, auto* to) { add(from, to, to, n); }, x, y);
}

void scale(const float* x, float factor, float* y, int64_t n) {
    map(y, n, [=](int64_t i, int64_t count) HEED_INLINE { return load(x + i, count) * factor; });
}

void scale_by(const float* factor, float* x, int64_t n) {
    if (*factor != 1.0F) scale(x, *factor, x, n);
}

void add_integer(const int32_t* x, int32_t value, int32_t* y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        y[i] = x[i] + value;
    }
}

void elementwise_fill(float value, float* y, int64_t n) {
    map(y, n, [=](int64_t, int64_t) HEED_INLINE { return broadcast(value); });
}

void add_bias(const AddBias& a) {
    if (a.width == 0) return;
    constexpr int64_t block = 8192;  // columns of a task, so that few wide rows are shared out too
    const int64_t blocks = (a.width + block - 1) / block;
    parallel_for(a.rows * blocks, chunk_rows(a.width < block ? a.width : block), [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t first = task % blocks * block;
            const int64_t columns = a.width - first < block ? a.width - first : block;
            const float* x = a.x + task / blocks * a.x_stride + first;
            const float* bias = a.bias + first;
            float* y = a.y + task / blocks * a.y_stride + first;
            for_lanes(columns, [&](int64_t j, int64_t count)
                                   HEED_INLINE { store(y + j, load(x + j, count) + load(bias + j, count), count); });
        }
    });
}

template <class Element>
void sum_rows_from(const Element* x, const SumRows& a) {
    const int64_t stride = a.stride;
    sum_rows_of<4>(a.rows, a.width, a.workspace, a.sums, a.accumulate,
                   [=](int64_t row, int64_t j, int64_t count)
                       HEED_INLINE { return load(x + row * stride + j, count); });
}

void sum_rows(const SumRows& a) {
    with_pointers([&](auto* x) { sum_rows_from(x, a); }, a.x);
}

int64_t sum_rows_workspace(int64_t rows, int64_t width) {
    return sum_rows_tiles(rows) * width;
}

template <class From, class To>
void convert_elements(const From* x, To* y, int64_t n) {
    map(y, n, [=](int64_t i, int64_t count) HEED_INLINE { return load(x + i, count); });
}

void convert(ConstElements x, Elements y, int64_t n) {
    if (y.is_bf16()) {
        convert_elements(x.f32(), y.bf16(), n);
    } else {
        convert_elements(x.bf16(), y.f32(), n);
    }
}

}  // namespace

extern const ElementwiseKernels elementwise;
const ElementwiseKernels elementwise = {add<float>,       accumulate, scale,    scale_by,           add_integer,
                                        elementwise_fill, add_bias,   sum_rows, sum_rows_workspace, convert};

}  // namespace heed::HEED_ISA
