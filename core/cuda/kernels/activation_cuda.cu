#include "heed/core/cuda/column_sums.cuh"
#include "heed/core/cuda/for_each.cuh"
#include "heed/core/kernels/activation_kernels.h"

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

void activation_forward(Activation kind, const float* x, float* y, int64_t n) {
    cuda::for_each("activation", n, [=] __device__(int64_t i) { y[i] = activation_value(kind, x[i]); });
}

void activation_backward(Activation kind, const float* x, const float* dy, float* dx, int64_t n) {
    cuda::for_each("activation backward", n,
                   [=] __device__(int64_t i) { dx[i] = activation_derivative(kind, x[i]) * dy[i]; });
}

void activation_backward_bias(const ActivationBiasBackward& a) {
    const auto value = [a] __device__(int64_t row, int64_t column, float(&values)[1]) {
        const int64_t i = row * a.width + column;
        values[0] = activation_derivative(a.kind, a.x[i]) * a.dy[i];
        a.dx[i] = values[0];
    };
    cuda::column_sums<1>("activation and bias backward", a.rows, a.width, value, {a.dbias}, a.accumulate, a.workspace);
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
