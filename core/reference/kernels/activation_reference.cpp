#include <cmath>

#include "heed/core/kernels/activation_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

constexpr double cubic = 0.044715;
const double slope = std::sqrt(2 / M_PI);

double normal_distribution(double x) {
    return 0.5 * std::erfc(-x * M_SQRT1_2);
}

double value(Activation kind, double x) {
    // The limits; the formulas would multiply infinity by zero.
    if (std::isinf(x) && kind != Activation::tanh) return x > 0 ? x : 0;
    switch (kind) {
        case Activation::relu:
            return x <= 0 ? 0 : x;
        case Activation::gelu:
            return x * normal_distribution(x);
        case Activation::gelu_tanh:
            return 0.5 * x * (1 + std::tanh(slope * (x + cubic * x * x * x)));
        case Activation::silu:
            return x / (1 + std::exp(-x));
        case Activation::tanh:
            return std::tanh(x);
    }
    return 0;
}

double derivative(Activation kind, double x) {
    if (kind == Activation::relu) return x <= 0 ? 0 : 1;
    if (kind == Activation::tanh) return 1 / (std::cosh(x) * std::cosh(x));
    if (std::isinf(x)) return x > 0 ? 1 : 0;
    if (kind == Activation::silu) {
        const double logistic = 1 / (1 + std::exp(-x)), rest = 1 / (1 + std::exp(x));
        return logistic + x * logistic * rest;
    }
    if (kind == Activation::gelu) {
        return normal_distribution(x) + x * std::exp(-0.5 * x * x) / std::sqrt(2 * M_PI);
    }
    const double t = std::tanh(slope * (x + cubic * x * x * x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope * (1 + 3 * cubic * x * x);
}

void activation_forward(Activation kind, const float* x, float* y, int64_t n) {
    x = reference_address(x);
    y = reference_address(y);
    for (int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(value(kind, x[i]));
}

void activation_backward(Activation kind, const float* x, const float* dy, float* dx, int64_t n) {
    x = reference_address(x);
    dy = reference_address(dy);
    dx = reference_address(dx);
    for (int64_t i = 0; i < n; ++i) dx[i] = static_cast<float>(derivative(kind, x[i]) * dy[i]);
}

void backward_bias(const ActivationBiasBackward& a) {
    activation_backward(a.kind, a.x, a.dy, a.dx, a.rows * a.width);
    const float* dx = reference_address(a.dx);
    float* dbias = reference_address(a.dbias);
    for (int64_t j = 0; j < a.width; ++j) {
        double sum = a.accumulate ? dbias[j] : 0;
        for (int64_t row = 0; row < a.rows; ++row) sum += dx[row * a.width + j];
        dbias[j] = static_cast<float>(sum);
    }
}

int64_t backward_bias_workspace(int64_t, int64_t) {
    return 0;
}

constexpr ActivationKernels activation_reference_kernels = {activation_forward, activation_backward, backward_bias,
                                                            backward_bias_workspace};

}  // namespace

const ActivationKernels& activation_reference() {
    return activation_reference_kernels;
}

}  // namespace heed
