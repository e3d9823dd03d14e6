#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// One step of AdamW as in PyTorch, with g = gradient_scale * gradients:
/// p *= 1 - learning_rate * weight_decay; m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g * g;
/// p -= learning_rate / (1 - beta1^step) * m / (sqrt(v / (1 - beta2^step)) + epsilon).
struct AdamWStep {
    float* parameters;       ///< [count]
    const float* gradients;  ///< [count]
    float* first_moment;     ///< [count]
    float* second_moment;    ///< [count]
    int64_t count;
    int64_t step;  ///< from 1
    double learning_rate;
    double beta1;
    double beta2;
    double epsilon;
    double weight_decay;
    double gradient_scale;
};

/// One step of Adam as in PyTorch: as AdamW, but with g = gradient_scale * gradients + weight_decay * p and no other
/// decay.
using AdamStep = AdamWStep;

/// One step of RMSprop as in PyTorch (not centered), with g = gradient_scale * gradients + weight_decay * p:
/// s = decay_rate * s + (1 - decay_rate) * g * g; d = g / (sqrt(s) + epsilon);
/// momentum 0: p -= learning_rate * d; else b = momentum * b + d and p -= learning_rate * b. s and b start as zeros.
struct RmsPropStep {
    float* parameters;       ///< [count]
    const float* gradients;  ///< [count]
    float* mean_square;      ///< [count]
    float* momentum_buffer;  ///< [count]; null when momentum is 0
    int64_t count;
    double learning_rate;
    double decay_rate;
    double epsilon;
    double momentum;
    double weight_decay;
    double gradient_scale;
};

/// One step of stochastic gradient descent as in PyTorch (dampening 0), with
/// g = gradient_scale * gradients + weight_decay * p:
/// momentum 0: p -= learning_rate * g; else b = momentum * b + g and p -= learning_rate * b, or with nesterov
/// p -= learning_rate * (g + momentum * b). b starts as zeros.
struct SgdStep {
    float* parameters;       ///< [count]
    const float* gradients;  ///< [count]
    float* momentum_buffer;  ///< [count]; null when momentum is 0
    int64_t count;
    double learning_rate;
    double momentum;
    double weight_decay;
    double gradient_scale;
    bool nesterov;
};

/// Single passes over flat buffers.
struct OptimizerKernels {
    /// *sum = sum of values[i]^2 in double, in an order that depends on count alone.
    void (*sum_of_squares)(const float* values, int64_t count, double* sum);
    /// Lowest index of a NaN or infinite value, or -1.
    int64_t (*first_non_finite)(const float* values, int64_t count);
    void (*adamw)(const AdamWStep&);
    void (*adam)(const AdamStep&);
    void (*rmsprop)(const RmsPropStep&);
    void (*sgd)(const SgdStep&);
    /// shadow = decay * shadow + (1 - decay) * parameters.
    void (*average)(float* shadow, const float* parameters, int64_t count, double decay);
};

HEED_KERNELS(OptimizerKernels, optimizer);

}  // namespace heed
