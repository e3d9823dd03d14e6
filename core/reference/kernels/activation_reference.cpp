#include <cmath>

#include "heed/core/kernels/activation_kernels.h"
#include "heed/core/reference/element.h"

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

void activation_forward(Activation kind, ConstElements x, Elements y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) reference_store(y, i, value(kind, reference_value(x, i)));
}

void activation_backward(Activation kind, ConstElements x, ConstElements dy, Elements dx, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        reference_store(dx, i, derivative(kind, reference_value(x, i)) * reference_value(dy, i));
    }
}

void backward_bias(const ActivationBiasBackward& a) {
    float* dbias = reference_address(a.dbias);
    for (int64_t j = 0; j < a.width; ++j) {
        double sum = a.accumulate ? dbias[j] : 0;
        for (int64_t i = j; i < a.rows * a.width; i += a.width) {
            const double dx = derivative(a.kind, reference_value(a.x, i)) * reference_value(a.dy, i);
            reference_store(a.dx, i, dx);
            sum += dx;
        }
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
