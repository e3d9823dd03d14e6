#include <cmath>

#include "heed/core/kernels/optimizer_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

void sum_of_squares(const float* values, int64_t count, double* sum) {
    double total = 0;
    for (int64_t i = 0; i < count; ++i) {
        const double value = reference_address(values)[i];
        total += value * value;
    }
    *reference_address(sum) = total;
}

int64_t first_non_finite(const float* values, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        if (!std::isfinite(reference_address(values)[i])) return i;
    }
    return -1;
}

void adam_step(const AdamWStep& a, bool decoupled) {
    float* parameters = reference_address(a.parameters);
    const float* gradients = reference_address(a.gradients);
    float* first_moment = reference_address(a.first_moment);
    float* second_moment = reference_address(a.second_moment);
    const double bias1 = 1 - std::pow(a.beta1, static_cast<double>(a.step));
    const double bias2 = 1 - std::pow(a.beta2, static_cast<double>(a.step));
    for (int64_t i = 0; i < a.count; ++i) {
        const double g = gradients[i] * a.gradient_scale + (decoupled ? 0.0 : a.weight_decay * parameters[i]);
        const double m = a.beta1 * first_moment[i] + (1 - a.beta1) * g;
        const double v = a.beta2 * second_moment[i] + (1 - a.beta2) * g * g;
        const double p = decoupled ? parameters[i] * (1 - a.learning_rate * a.weight_decay) : parameters[i];
        first_moment[i] = static_cast<float>(m);
        second_moment[i] = static_cast<float>(v);
        parameters[i] = static_cast<float>(p - a.learning_rate / bias1 * m / (std::sqrt(v / bias2) + a.epsilon));
    }
}

void adamw(const AdamWStep& a) {
    adam_step(a, true);
}

void adam(const AdamStep& a) {
    adam_step(a, false);
}

void rmsprop(const RmsPropStep& a) {
    float* parameters = reference_address(a.parameters);
    const float* gradients = reference_address(a.gradients);
    float* mean_square = reference_address(a.mean_square);
    float* momentum_buffer = reference_address(a.momentum_buffer);
    for (int64_t i = 0; i < a.count; ++i) {
        const double g = gradients[i] * a.gradient_scale + a.weight_decay * parameters[i];
        const double s = a.decay_rate * mean_square[i] + (1 - a.decay_rate) * g * g;
        mean_square[i] = static_cast<float>(s);
        double change = g / (std::sqrt(s) + a.epsilon);
        if (a.momentum != 0) {
            change += a.momentum * momentum_buffer[i];
            momentum_buffer[i] = static_cast<float>(change);
        }
        parameters[i] = static_cast<float>(parameters[i] - a.learning_rate * change);
    }
}

void sgd(const SgdStep& a) {
    float* parameters = reference_address(a.parameters);
    const float* gradients = reference_address(a.gradients);
    float* momentum_buffer = reference_address(a.momentum_buffer);
    for (int64_t i = 0; i < a.count; ++i) {
        double g = gradients[i] * a.gradient_scale + a.weight_decay * parameters[i];
        if (a.momentum != 0) {
            const double b = a.momentum * momentum_buffer[i] + g;
            momentum_buffer[i] = static_cast<float>(b);
            g = a.nesterov ? g + a.momentum * b : b;
        }
        parameters[i] = static_cast<float>(parameters[i] - a.learning_rate * g);
    }
}

void average(float* shadow, const float* parameters, int64_t count, double decay) {
    float* s = reference_address(shadow);
    const float* p = reference_address(parameters);
    for (int64_t i = 0; i < count; ++i) s[i] = static_cast<float>(decay * s[i] + (1 - decay) * p[i]);
}

constexpr OptimizerKernels optimizer_reference_kernels = {sum_of_squares, first_non_finite, adamw, adam, rmsprop, sgd,
                                                          average};

}  // namespace

const OptimizerKernels& optimizer_reference() {
    return optimizer_reference_kernels;
}

}  // namespace heed
