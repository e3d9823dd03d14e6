#include <cmath>

#include "heed/core/cuda/check.cuh"
#include "heed/core/cuda/for_each.cuh"
#include "heed/core/cuda/grid_sum.cuh"
#include "heed/core/cuda/scratch.cuh"
#include "heed/core/kernels/optimizer_kernels.h"

namespace heed {

namespace {

void sum_of_squares(const float* values, int64_t count, double* sum) {
    cuda::grid_sum(
        "sum of squares", count,
        [=] __device__(int64_t i) {
            const double value = values[i];
            return value * value;
        },
        [=] __device__(double total) { *sum = total; });
}

int64_t first_non_finite(const float* values, int64_t count) {
    auto* const lowest = static_cast<unsigned long long*>(cuda::scratch());
    constexpr unsigned long long none = ~0ULL;
    cuda::for_each("first that is not finite", 1, [=] __device__(int64_t) { *lowest = none; });
    cuda::for_each("first that is not finite", count, [=] __device__(int64_t i) {
        if (!isfinite(values[i])) atomicMin(lowest, static_cast<unsigned long long>(i));
    });
    unsigned long long found = none;
    cuda::check(cudaMemcpyAsync(&found, lowest, sizeof(found), cudaMemcpyDeviceToHost, cuda::work_stream()),
                "reading an index");
    cuda::check(cudaStreamSynchronize(cuda::work_stream()), "waiting for an index");
    return found == none ? -1 : static_cast<int64_t>(found);
}

/// What is the same for all elements, in single precision.
struct AdamFactors {
    float beta1, beta2, rest1, rest2;  ///< rest = 1 - beta
    float rate;                        ///< learning rate over the bias correction of the first moment
    float root_correction;             ///< 1 / sqrt(bias correction of the second moment)
    float epsilon, gradient_scale;
    float keep;   ///< factor of the parameters: decay apart from the gradient
    float decay;  ///< of the parameters within the gradient
};

AdamFactors adam_factors(const AdamWStep& a, bool decoupled) {
    const double correction1 = 1 - std::pow(a.beta1, static_cast<double>(a.step));
    const double correction2 = 1 - std::pow(a.beta2, static_cast<double>(a.step));
    return {.beta1 = static_cast<float>(a.beta1),
            .beta2 = static_cast<float>(a.beta2),
            .rest1 = static_cast<float>(1 - a.beta1),
            .rest2 = static_cast<float>(1 - a.beta2),
            .rate = static_cast<float>(a.learning_rate / correction1),
            .root_correction = static_cast<float>(1 / std::sqrt(correction2)),
            .epsilon = static_cast<float>(a.epsilon),
            .gradient_scale = static_cast<float>(a.gradient_scale),
            .keep = static_cast<float>(decoupled ? 1 - a.learning_rate * a.weight_decay : 1.0),
            .decay = static_cast<float>(decoupled ? 0.0 : a.weight_decay)};
}

void adam_step(const char* name, const AdamWStep& a, const AdamFactors& f) {
    float *const parameters = a.parameters, *const first = a.first_moment, *const second = a.second_moment;
    const float* const gradients = a.gradients;
    cuda::for_each(name, a.count, [=] __device__(int64_t i) {
        const float p = parameters[i];
        const float g = gradients[i] * f.gradient_scale + f.decay * p;
        const float m = f.beta1 * first[i] + f.rest1 * g;
        const float v = f.beta2 * second[i] + f.rest2 * g * g;
        first[i] = m;
        second[i] = v;
        parameters[i] = f.keep * p - f.rate * m / (sqrtf(v) * f.root_correction + f.epsilon);
    });
}

void optimizer_adamw(const AdamWStep& a) {
    adam_step("adamw", a, adam_factors(a, true));
}

void optimizer_adam(const AdamStep& a) {
    adam_step("adam", a, adam_factors(a, false));
}

void optimizer_rmsprop(const RmsPropStep& a) {
    const auto rate = static_cast<float>(a.learning_rate), decay_rate = static_cast<float>(a.decay_rate),
               rest = static_cast<float>(1 - a.decay_rate), epsilon = static_cast<float>(a.epsilon),
               momentum = static_cast<float>(a.momentum), weight_decay = static_cast<float>(a.weight_decay),
               gradient_scale = static_cast<float>(a.gradient_scale);
    float *const parameters = a.parameters, *const mean_square = a.mean_square, *const buffer = a.momentum_buffer;
    const float* const gradients = a.gradients;
    cuda::for_each("rmsprop", a.count, [=] __device__(int64_t i) {
        const float p = parameters[i];
        const float g = gradients[i] * gradient_scale + weight_decay * p;
        const float s = decay_rate * mean_square[i] + rest * g * g;
        mean_square[i] = s;
        float change = g / (sqrtf(s) + epsilon);
        if (momentum != 0) {
            change += momentum * buffer[i];
            buffer[i] = change;
        }
        parameters[i] = p - rate * change;
    });
}

void optimizer_sgd(const SgdStep& a) {
    const auto rate = static_cast<float>(a.learning_rate), momentum = static_cast<float>(a.momentum),
               weight_decay = static_cast<float>(a.weight_decay), gradient_scale = static_cast<float>(a.gradient_scale);
    float *const parameters = a.parameters, *const buffer = a.momentum_buffer;
    const float* const gradients = a.gradients;
    const bool nesterov = a.nesterov;
    cuda::for_each("sgd", a.count, [=] __device__(int64_t i) {
        const float p = parameters[i];
        float g = gradients[i] * gradient_scale + weight_decay * p;
        if (momentum != 0) {
            const float b = momentum * buffer[i] + g;
            buffer[i] = b;
            g = nesterov ? g + momentum * b : b;
        }
        parameters[i] = p - rate * g;
    });
}

void optimizer_average(float* shadow, const float* parameters, int64_t count, double decay) {
    const auto kept = static_cast<float>(decay), taken = static_cast<float>(1 - decay);
    cuda::for_each("average of parameters", count,
                   [=] __device__(int64_t i) { shadow[i] = kept * shadow[i] + taken * parameters[i]; });
}

constexpr OptimizerKernels optimizer_cuda_kernels = {sum_of_squares,   first_non_finite,  optimizer_adamw,
                                                     optimizer_adam,   optimizer_rmsprop, optimizer_sgd,
                                                     optimizer_average};

}  // namespace

const OptimizerKernels& optimizer_cuda() {
    return optimizer_cuda_kernels;
}

}  // namespace heed
