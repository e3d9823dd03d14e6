#include "heed/core/cuda/column_sums.cuh"
#include "heed/core/cuda/for_each.cuh"
#include "heed/core/kernels/activation_kernels.h"
#include "heed/core/tensor/bf16.h"

namespace heed {

namespace {

constexpr float cubic = 0.044715F;
constexpr float gelu_slope = 0.7978845608028654F;      // sqrt(2 / pi)
constexpr float half_root = 0.7071067811865476F;       // sqrt(1 / 2)
constexpr float normal_density = 0.3989422804014327F;  // 1 / sqrt(2 pi)

__device__ float activation_value(Activation kind, float x) {
    // The limits; the formulas would multiply infinity by zero.
    if (isinf(x) && kind != Activation::tanh) return x > 0 ? x : 0;
    switch (kind) {
        case Activation::relu:
            return x <= 0 ? 0 : x;
        case Activation::gelu:
            return 0.5F * x * erfcf(-x * half_root);
        case Activation::gelu_tanh:
            return 0.5F * x * (1 + tanhf(gelu_slope * (x + cubic * x * x * x)));
        case Activation::silu:
            return x / (1 + expf(-x));
        case Activation::tanh:
            return tanhf(x);
    }
    return 0;
}

__device__ float activation_derivative(Activation kind, float x) {
    if (kind == Activation::relu) return x <= 0 ? 0 : 1;
    if (kind == Activation::tanh) return 1 / coshf(x) / coshf(x);
    if (isinf(x)) return x > 0 ? 1 : 0;
    if (kind == Activation::silu) {
        const float logistic = 1 / (1 + expf(-x)), rest = 1 / (1 + expf(x));
        return logistic + x * logistic * rest;
    }
    if (kind == Activation::gelu) {
        return 0.5F * erfcf(-x * half_root) + x * expf(-0.5F * x * x) * normal_density;
    }
    const float t = tanhf(gelu_slope * (x + cubic * x * x * x));
    const float bell = (1 - t) * (1 + t);
    if (bell == 0) return 0.5F * (1 + t);  // x * x may be infinite
    return 0.5F * (1 + t) + 0.5F * x * bell * gelu_slope * (1 + 3 * cubic * x * x);
}

template <class Element>
void forward_of(Activation kind, const Element* x, Element* y, int64_t n) {
    cuda::for_each("activation", n,
                   [=] __device__(int64_t i) { y[i] = from_float<Element>(activation_value(kind, to_float(x[i]))); });
}

template <class Element>
void backward_of(Activation kind, const Element* x, const Element* dy, Element* dx, int64_t n) {
    cuda::for_each("activation backward", n, [=] __device__(int64_t i) {
        const float slope = activation_derivative(kind, to_float(x[i]));
        dx[i] = from_float<Element>(slope * to_float(dy[i]));
    });
}

template <class Element>
void backward_bias_of(const ActivationBiasBackward& a, const Element* x, const Element* dy, Element* dx) {
    const Activation kind = a.kind;
    const int64_t width = a.width;
    const auto value = [=] __device__(int64_t row, int64_t column, float(&values)[1]) {
        const int64_t i = row * width + column;
        values[0] = activation_derivative(kind, to_float(x[i])) * to_float(dy[i]);
        dx[i] = from_float<Element>(values[0]);
    };
    cuda::column_sums<1>("activation and bias backward", a.rows, width, value, {a.dbias}, a.accumulate, a.workspace);
}

void activation_forward(Activation kind, ConstElements x, Elements y, int64_t n) {
    with_pointers([&](auto*... pointers) { forward_of(kind, pointers..., n); }, x, y);
}

void activation_backward(Activation kind, ConstElements x, ConstElements dy, Elements dx, int64_t n) {
    with_pointers([&](auto*... pointers) { backward_of(kind, pointers..., n); }, x, dy, dx);
}

void activation_backward_bias(const ActivationBiasBackward& a) {
    with_pointers([&](auto*... pointers) { backward_bias_of(a, pointers...); }, a.x, a.dy, a.dx);
}

int64_t activation_backward_bias_workspace(int64_t rows, int64_t width) {
    return cuda::column_sums_workspace(rows, width);
}

constexpr ActivationKernels activation_cuda_kernels = {activation_forward, activation_backward,
                                                       activation_backward_bias, activation_backward_bias_workspace};

}  // namespace

const ActivationKernels& activation_cuda() {
    return activation_cuda_kernels;
}

}  // namespace heed
