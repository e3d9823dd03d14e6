#include "heed/core/kernels/elementwise_kernels.h"
#include "heed/core/reference/element.h"

namespace heed {

namespace {

void add(const float* a, const float* b, float* y, int64_t n) {
    a = reference_address(a);
    b = reference_address(b);
    y = reference_address(y);
    for (int64_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}

void accumulate(ConstElements x, Elements y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) reference_store(y, i, reference_value(y, i) + reference_value(x, i));
}

void scale(const float* x, float factor, float* y, int64_t n) {
    x = reference_address(x);
    y = reference_address(y);
    for (int64_t i = 0; i < n; ++i) y[i] = factor * x[i];
}

void scale_by(const float* factor, float* x, int64_t n) {
    scale(x, *reference_address(factor), x, n);
}

void add_integer(const int32_t* x, int32_t value, int32_t* y, int64_t n) {
    x = reference_address(x);
    y = reference_address(y);
    for (int64_t i = 0; i < n; ++i) y[i] = x[i] + value;
}

void fill(float value, float* y, int64_t n) {
    y = reference_address(y);
    for (int64_t i = 0; i < n; ++i) y[i] = value;
}

void add_bias(const AddBias& a) {
    const float* bias = reference_address(a.bias);
    for (int64_t row = 0; row < a.rows; ++row) {
        const float* x = reference_address(a.x) + row * a.x_stride;
        float* y = reference_address(a.y) + row * a.y_stride;
        for (int64_t j = 0; j < a.width; ++j) y[j] = x[j] + bias[j];
    }
}

void sum_rows(const SumRows& a) {
    float* sums = reference_address(a.sums);
    for (int64_t j = 0; j < a.width; ++j) {
        double sum = a.accumulate ? sums[j] : 0;
        for (int64_t row = 0; row < a.rows; ++row) sum += reference_value(a.x, row * a.stride + j);
        sums[j] = static_cast<float>(sum);
    }
}

void convert(ConstElements x, Elements y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) reference_store(y, i, reference_value(x, i));
}

int64_t sum_rows_workspace(int64_t, int64_t) {
    return 0;
}

constexpr ElementwiseKernels elementwise_reference_kernels = {
    add, accumulate, scale, scale_by, add_integer, fill, add_bias, sum_rows, sum_rows_workspace, convert};

}  // namespace

const ElementwiseKernels& elementwise_reference() {
    return elementwise_reference_kernels;
}

}  // namespace heed
