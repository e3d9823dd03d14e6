#pragma once

#include <cmath>
#include <cstdint>

#include "heed/attention/state_space/discretisation_kernels.h"

// The discretisation of one mode of one channel, for the kernels of all devices.

#ifdef __CUDACC__
#define HEED_ON_ANY_DEVICE __host__ __device__
#else
#define HEED_ON_ANY_DEVICE
#endif

namespace heed {

namespace discretised {

struct Complex {
    double re, im;
};

HEED_ON_ANY_DEVICE inline Complex operator+(Complex a, Complex b) {
    return {a.re + b.re, a.im + b.im};
}
HEED_ON_ANY_DEVICE inline Complex operator-(Complex a, Complex b) {
    return {a.re - b.re, a.im - b.im};
}
HEED_ON_ANY_DEVICE inline Complex operator*(Complex a, Complex b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
HEED_ON_ANY_DEVICE inline Complex operator*(double a, Complex b) {
    return {a * b.re, a * b.im};
}
HEED_ON_ANY_DEVICE inline Complex operator/(Complex a, Complex b) {
    const double scale = 1 / (b.re * b.re + b.im * b.im);
    return {(a.re * b.re + a.im * b.im) * scale, (a.im * b.re - a.re * b.im) * scale};
}

HEED_ON_ANY_DEVICE inline double first_frequency(StateFrequencies kind, int64_t modes, int64_t mode) {
    constexpr double pi = 3.141592653589793;
    const auto n = static_cast<double>(mode), states = 2.0 * static_cast<double>(modes);
    return kind == StateFrequencies::linear ? pi * n : states / pi * (states / (2 * n + 1) - 1);
}

/// One mode of one channel.
struct Mode {
    double step;
    Complex a;      ///< A
    Complex decay;  ///< e^(step A)
    Complex held;   ///< (e^(step A) - 1) / A
};

HEED_ON_ANY_DEVICE inline Mode mode_of(const DiscretisationInputs& of, int64_t mode, int64_t channel) {
    const int64_t place = mode * of.width + channel;
    Mode m;
    m.step = 0.01 * exp(static_cast<double>(of.step[channel]));
    m.a = {-0.5 * exp(static_cast<double>(of.decay[place])),
           first_frequency(of.frequencies, of.modes, mode) + static_cast<double>(of.frequency[place])};
    const double size = exp(m.step * m.a.re), angle = m.step * m.a.im;
    m.decay = {size * cos(angle), size * sin(angle)};
    m.held = (m.decay - Complex{1, 0}) / m.a;
    return m;
}

/// The complex number of a mode and channel in an array [..., 2, width].
HEED_ON_ANY_DEVICE inline Complex complex_at(const float* values, int64_t index, int64_t width, int64_t channel) {
    return {values[2 * index * width + channel], values[(2 * index + 1) * width + channel]};
}
HEED_ON_ANY_DEVICE inline void put_complex(Complex z, float* values, int64_t index, int64_t width, int64_t channel) {
    values[2 * index * width + channel] = static_cast<float>(z.re);
    values[(2 * index + 1) * width + channel] = static_cast<float>(z.im);
}

/// Decays and weights of all modes of a channel.
HEED_ON_ANY_DEVICE inline void discretise_channel(const Discretisation& args, int64_t channel) {
    const DiscretisationInputs& of = args.of;
    for (int64_t mode = 0; mode < of.modes; ++mode) {
        const Mode m = mode_of(of, mode, channel);
        put_complex(m.decay, args.decays, mode, of.width, channel);
        for (int64_t direction = 0; direction < of.directions; ++direction) {
            const int64_t index = direction * of.modes + mode;
            const Complex readout = complex_at(of.readout, index, of.width, channel);
            put_complex(2.0 * (readout * m.held), args.weights, index, of.width, channel);
        }
    }
}

/// Gradients of a channel. A loss changes by Re(c dz) where z changes by dz: c is what is called slope here, the
/// complex conjugate of the gradient by real and imaginary part.
HEED_ON_ANY_DEVICE inline void discretise_channel_backward(const DiscretisationBackward& args, int64_t channel) {
    const DiscretisationInputs& of = args.of;
    double d_step = 0;
    for (int64_t mode = 0; mode < of.modes; ++mode) {
        const Mode m = mode_of(of, mode, channel);
        const auto slope_at = [&](const float* gradients, int64_t index) {
            const Complex gradient = complex_at(gradients, index, of.width, channel);
            return Complex{gradient.re, -gradient.im};
        };
        const Complex decay_slope = slope_at(args.d_decays, mode);
        Complex held_slope{0, 0};
        for (int64_t direction = 0; direction < of.directions; ++direction) {
            const int64_t index = direction * of.modes + mode;
            const Complex weight_slope = 2.0 * slope_at(args.d_weights, index);
            held_slope = held_slope + complex_at(of.readout, index, of.width, channel) * weight_slope;
            const Complex readout_slope = m.held * weight_slope;
            put_complex({readout_slope.re, -readout_slope.im}, args.d_readout, index, of.width, channel);
        }
        d_step += m.step * (m.decay * (m.a * decay_slope + held_slope)).re;
        const Complex a_slope = m.step * (m.decay * decay_slope) + held_slope * (m.step * m.decay - m.held) / m.a;
        args.d_decay[mode * of.width + channel] = static_cast<float>(a_slope.re * m.a.re);
        args.d_frequency[mode * of.width + channel] = static_cast<float>(-a_slope.im);
    }
    args.d_step[channel] = static_cast<float>(d_step);
}

}  // namespace discretised

}  // namespace heed
