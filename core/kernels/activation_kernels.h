#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"
#include "heed/core/tensor/elements.h"

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
/// just before the activation. x, dy and dx are all f32 or all bf16; the sum is of the values before they are rounded.
struct ActivationBiasBackward {
    Activation kind;
    ConstElements x;   ///< [rows, width], input of the activation (bias included)
    ConstElements dy;  ///< [rows, width]
    Elements dx;       ///< [rows, width]; may be dy
    float* dbias;      ///< [width], sum of dx over the rows
    bool accumulate;   ///< add to dbias instead of overwriting it
    float* workspace;  ///< backward_bias_workspace(rows, width) floats
    int64_t rows;
    int64_t width;
};

/// What elements are given is f32 or, all of it, bf16; computed is in f32.
struct ActivationKernels {
    /// y[i] = act(x[i]) for i < n; y may be x.
    void (*forward)(Activation kind, ConstElements x, Elements y, int64_t n);
    /// dx[i] = act'(x[i]) dy[i] for i < n, with x the input of the activation; dx may be dy or x. The slope of relu at
    /// 0 is 0. Where x is NaN, relu passes dy on and the others give NaN.
    void (*backward)(Activation kind, ConstElements x, ConstElements dy, Elements dx, int64_t n);
    /// backward and the sum of dx over the rows, in one pass over memory.
    void (*backward_bias)(const ActivationBiasBackward&);
    /// Floats of scratch memory that backward_bias needs.
    int64_t (*backward_bias_workspace)(int64_t rows, int64_t width);
};

HEED_KERNELS(ActivationKernels, activation);

}  // namespace heed
