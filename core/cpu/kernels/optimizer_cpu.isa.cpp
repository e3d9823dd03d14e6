#include "heed/core/kernels/optimizer_kernels.h"
#include "heed/core/simd/sums.h"

namespace heed::HEED_ISA {

namespace {

constexpr int64_t optimizer_grain = 16384;

/// Calls `body(i, count)` for all elements, one vector at a time, on all threads.
template <class Body>
HEED_SIMD void for_elements(int64_t count, const Body& body) {
    parallel_for(count, optimizer_grain, [&](int64_t begin, int64_t end) {
        for_lanes(end - begin, [&](int64_t j, int64_t n) HEED_INLINE { body(begin + j, n); });
    });
}

HEED_SIMD vf constant(double value) {
    return broadcast(static_cast<float>(value));
}

void sum_of_squares(const float* values, int64_t count, double* sum) {
    *sum = sum_in_chunks(values, count, [](vd v) HEED_INLINE { return v * v; });
}

HEED_SIMD vi is_non_finite(vf v) {
    const vi exponent = broadcast(int32_t{0x7f800000});
    return (as_int(v) & exponent) == exponent;
}

int64_t first_non_finite_between(const float* values, int64_t begin, int64_t end) {
    vi found = broadcast(int32_t{0});
    for_lanes(end - begin,
              [&](int64_t j, int64_t n) HEED_INLINE { found |= is_non_finite(load(values + begin + j, n)); });
    if (!any(found)) return -1;
    int64_t i = begin;
    while (is_non_finite(broadcast(values[i]))[0] == 0) {
        ++i;
    }
    return i;
}

int64_t first_non_finite(const float* values, int64_t count) {
    int64_t first[max_chunks];
    const int64_t length = chunk_length(count);
    parallel_for(count, length, [&](int64_t begin, int64_t end) {
        first[begin / length] = first_non_finite_between(values, begin, end);
    });
    for (int64_t chunk = 0; chunk * length < count; ++chunk) {
        if (first[chunk] >= 0) return first[chunk];
    }
    return -1;
}

/// Adam; the decay acts on the weights themselves (AdamW) or is part of the gradient.
template <bool decoupled>
HEED_SIMD void adam_step(const AdamWStep& a) {
    const double bias1 = 1 - __builtin_pow(a.beta1, static_cast<double>(a.step));
    const double bias2 = 1 - __builtin_pow(a.beta2, static_cast<double>(a.step));
    const vf scale = constant(a.gradient_scale);
    const vf keep = constant(1 - a.learning_rate * a.weight_decay);
    const vf decay = constant(a.weight_decay);
    const vf new1 = constant(1 - a.beta1);
    const vf old2 = constant(a.beta2);
    const vf new2 = constant(1 - a.beta2);
    const vf root_correction = constant(1 / __builtin_sqrt(bias2));
    const vf epsilon = constant(a.epsilon);
    const vf rate = constant(a.learning_rate / bias1);
    for_elements(a.count, [&](int64_t i, int64_t n) HEED_INLINE {
        const vf p = load(a.parameters + i, n);
        vf g = load(a.gradients + i, n) * scale;
        if constexpr (!decoupled) g = fma(p, decay, g);
        const vf old_moment = load(a.first_moment + i, n);
        const vf m = fma(g - old_moment, new1, old_moment);
        const vf v = fma(load(a.second_moment + i, n), old2, g * g * new2);
        const vf step = m / fma(sqrt(v), root_correction, epsilon);
        store(a.first_moment + i, m, n);
        store(a.second_moment + i, v, n);
        store(a.parameters + i, (decoupled ? p * keep : p) - rate * step, n);
    });
}

void adamw(const AdamWStep& a) {
    adam_step<true>(a);
}

void adam(const AdamStep& a) {
    adam_step<false>(a);
}

void rmsprop(const RmsPropStep& a) {
    const vf scale = constant(a.gradient_scale);
    const vf decay = constant(a.weight_decay);
    const vf old_share = constant(a.decay_rate);
    const vf new_share = constant(1 - a.decay_rate);
    const vf epsilon = constant(a.epsilon);
    const vf momentum = constant(a.momentum);
    const vf rate = constant(a.learning_rate);
    const bool has_momentum = a.momentum != 0;
    for_elements(a.count, [&](int64_t i, int64_t n) HEED_INLINE {
        const vf p = load(a.parameters + i, n);
        const vf g = fma(p, decay, load(a.gradients + i, n) * scale);
        const vf s = fma(load(a.mean_square + i, n), old_share, g * g * new_share);
        store(a.mean_square + i, s, n);
        vf change = g / (sqrt(s) + epsilon);
        if (has_momentum) {
            change = fma(load(a.momentum_buffer + i, n), momentum, change);
            store(a.momentum_buffer + i, change, n);
        }
        store(a.parameters + i, p - rate * change, n);
    });
}

void sgd(const SgdStep& a) {
    const vf scale = constant(a.gradient_scale);
    const vf decay = constant(a.weight_decay);
    const vf momentum = constant(a.momentum);
    const vf rate = constant(a.learning_rate);
    const bool has_momentum = a.momentum != 0;
    for_elements(a.count, [&](int64_t i, int64_t n) HEED_INLINE {
        const vf p = load(a.parameters + i, n);
        vf g = fma(p, decay, load(a.gradients + i, n) * scale);
        if (has_momentum) {
            const vf b = fma(load(a.momentum_buffer + i, n), momentum, g);
            store(a.momentum_buffer + i, b, n);
            g = a.nesterov ? fma(b, momentum, g) : b;
        }
        store(a.parameters + i, p - rate * g, n);
    });
}

void average(float* shadow, const float* parameters, int64_t count, double decay) {
    const vf share = constant(1 - decay);
    for_elements(count, [&](int64_t i, int64_t n) HEED_INLINE {
        const vf old = load(shadow + i, n);
        store(shadow + i, fma(load(parameters + i, n) - old, share, old), n);
    });
}

}  // namespace

extern const OptimizerKernels optimizer;
const OptimizerKernels optimizer = {sum_of_squares, first_non_finite, adamw, adam, rmsprop, sgd, average};

}  // namespace heed::HEED_ISA
