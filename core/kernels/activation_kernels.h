#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// Functions applied to every element behind a linear layer.
enum class Activation : uint8_t {
    relu,       ///< max(x, 0)
    gelu,       ///< x (1 + erf(x / sqrt 2)) / 2
    gelu_tanh,  ///< x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
    silu,       ///< x / (1 + exp(-x))
    tanh,       ///< tanh(x)
};

/// Arguments of the backward pass that also sums the gradient over rows, which is the gradient of a bias that was added
/// just before the activation.
struct ActivationBiasBackward {
    Activation kind;
    const float* x;    ///< [rows, width], input of the activation (bias included)
    const float* dy;   ///< [rows, width]
    float* dx;         ///< [rows, width]; may be dy
    float* dbias;      ///< [width], sum of dx over the rows
    bool accumulate;   ///< add to dbias instead of overwriting it
    float* workspace;  ///< backward_bias_workspace(rows, width) floats
    int64_t rows;
    int64_t width;
};

struct ActivationKernels {
    /// y[i] = act(x[i]) for i < n; y may be x.
    void (*forward)(Activation kind, const float* x, float* y, int64_t n);
    /// dx[i] = act'(x[i]) dy[i] for i < n, with x the input of the activation; dx may be dy or x. The slope of relu at
    /// 0 is 0. Where x is NaN, relu passes dy on and the others give NaN.
    void (*backward)(Activation kind, const float* x, const float* dy, float* dx, int64_t n);
    /// backward and the sum of dx over the rows, in one pass over memory.
    void (*backward_bias)(const ActivationBiasBackward&);
    /// Floats of scratch memory that backward_bias needs.
    int64_t (*backward_bias_workspace)(int64_t rows, int64_t width);
};

HEED_KERNELS(ActivationKernels, activation);

}  // namespace heed
