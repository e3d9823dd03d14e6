#include "heed/core/cuda/column_sums.cuh"
#include "heed/core/cuda/for_each.cuh"
#include "heed/core/kernels/elementwise_kernels.h"
#include "heed/core/tensor/bf16.h"

namespace heed {

namespace {

void add(const float* a, const float* b, float* y, int64_t n) {
    cuda::for_each("add", n, [=] __device__(int64_t i) { y[i] = a[i] + b[i]; });
}

template <class Element>
void accumulate_of(const Element* x, Element* y, int64_t n) {
    cuda::for_each("accumulate", n,
                   [=] __device__(int64_t i) { y[i] = from_float<Element>(to_float(y[i]) + to_float(x[i])); });
}

void accumulate(ConstElements x, Elements y, int64_t n) {
    with_pointers([&](auto*... pointers) { accumulate_of(pointers..., n); }, x, y);
}

void scale(const float* x, float factor, float* y, int64_t n) {
    cuda::for_each("scale", n, [=] __device__(int64_t i) { y[i] = factor * x[i]; });
}

void scale_by(const float* factor, float* x, int64_t n) {
    cuda::for_each("scale by", n, [=] __device__(int64_t i) {
        if (*factor != 1) x[i] *= *factor;
    });
}

void add_integer(const int32_t* x, int32_t value, int32_t* y, int64_t n) {
    cuda::for_each("add integer", n, [=] __device__(int64_t i) { y[i] = x[i] + value; });
}

void fill(float value, float* y, int64_t n) {
    cuda::for_each("fill", n, [=] __device__(int64_t i) { y[i] = value; });
}

void add_bias(const AddBias& a) {
    cuda::for_each_in_rows("add bias", a.rows, a.width, [a] __device__(int64_t row, int64_t column) {
        a.y[row * a.y_stride + column] = a.x[row * a.x_stride + column] + a.bias[column];
    });
}

template <class Element>
void sum_rows_from(const Element* x, const SumRows& a) {
    const int64_t stride = a.stride;
    const auto value = [=] __device__(int64_t row, int64_t column, float(&values)[1]) {
        values[0] = to_float(x[row * stride + column]);
    };
    cuda::column_sums<1>("sum of rows", a.rows, a.width, value, {a.sums}, a.accumulate, a.workspace);
}

void sum_rows(const SumRows& a) {
    with_pointers([&](auto* x) { sum_rows_from(x, a); }, a.x);
}

template <class From, class To>
void convert_elements(const From* x, To* y, int64_t n) {
    cuda::for_each("convert", n, [=] __device__(int64_t i) { y[i] = from_float<To>(to_float(x[i])); });
}

void convert(ConstElements x, Elements y, int64_t n) {
    if (y.is_bf16()) {
        convert_elements(x.f32(), y.bf16(), n);
    } else {
        convert_elements(x.bf16(), y.f32(), n);
    }
}

int64_t sum_rows_workspace(int64_t rows, int64_t width) {
    return cuda::column_sums_workspace(rows, width);
}

constexpr ElementwiseKernels elementwise_cuda_kernels = {add,  accumulate, scale,    scale_by,           add_integer,
                                                         fill, add_bias,   sum_rows, sum_rows_workspace, convert};

}  // namespace

const ElementwiseKernels& elementwise_cuda() {
    return elementwise_cuda_kernels;
}

}  // namespace heed
