#include <complex>
#include <vector>

#include "heed/attention/state_space/discretised_mode.h"
#include "heed/attention/state_space/state_space_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace state_space_device {

namespace {

using Number = std::complex<double>;

/// One direction of one channel of a sample: token t of the direction stands at column[t * step].
struct Direction {
    int64_t first, step, length;
    bool strict;  ///< the state is read before the token goes into it
};

/// Calls body(sample, channel, direction, its number) for all of them.
template <class Body>
void for_each_direction(const StateSpaceShape& shape, const Body& body) {
    const int32_t* lengths = reference_address(shape.lengths);
    for (int64_t sample = 0; sample < shape.batch; ++sample) {
        const int64_t length = lengths ? lengths[sample] : shape.tokens;
        for (int64_t channel = 0; channel < shape.width; ++channel) {
            const int64_t first = sample * shape.tokens * shape.width + channel;
            body(sample, channel, Direction{first, shape.width, length, false}, 0);
            if (shape.two_sided) {
                body(sample, channel, Direction{first + (length - 1) * shape.width, -shape.width, length, true}, 1);
            }
        }
    }
}

Number number_at(const float* values, int64_t index, int64_t width, int64_t channel) {
    const discretised::Complex z = discretised::complex_at(reference_address(values), index, width, channel);
    return {z.re, z.im};
}

void add_at(Number z, float* values, int64_t index, int64_t width, int64_t channel) {
    float* to = reference_address(values);
    const discretised::Complex before = discretised::complex_at(to, index, width, channel);
    discretised::put_complex({before.re + z.real(), before.im + z.imag()}, to, index, width, channel);
}

void forward(const StateSpaceScan& args) {
    const StateSpaceShape& shape = args.shape;
    const float* x = reference_address(args.x);
    float* y = reference_address(args.y);
    for (int64_t i = 0; i < shape.batch * shape.tokens * shape.width; ++i) y[i] = 0;
    for_each_direction(shape, [&](int64_t sample, int64_t channel, const Direction& direction, int64_t number) {
        float* kept = args.states ? reference_address(args.states) + sample * shape.state() : nullptr;
        std::vector<double> sums(static_cast<size_t>(direction.length), 0.0);
        const double skip = direction.strict ? 0 : reference_address(args.skip)[channel];
        for (int64_t mode = 0; mode < shape.modes; ++mode) {
            const Number decay = number_at(args.decay, mode, shape.width, channel);
            const Number weight = number_at(args.weights, number * shape.modes + mode, shape.width, channel);
            Number state = 0;
            if (kept) {
                const discretised::Complex before = discretised::complex_at(kept, mode, shape.width, channel);
                state = {before.re, before.im};
            }
            for (int64_t t = 0; t < direction.length; ++t) {
                if (direction.strict) sums[t] += (weight * state).real();
                state = decay * state + static_cast<double>(x[direction.first + t * direction.step]);
                if (!direction.strict) sums[t] += (weight * state).real();
            }
            if (kept) discretised::put_complex({state.real(), state.imag()}, kept, mode, shape.width, channel);
        }
        for (int64_t t = 0; t < direction.length; ++t) {
            const int64_t place = direction.first + t * direction.step;
            y[place] += static_cast<float>(sums[t] + (direction.strict ? 0 : skip * x[place]));
        }
    });
}

void backward(const StateSpaceScanBackward& args) {
    const StateSpaceShape& shape = args.shape;
    const float *x = reference_address(args.x), *dy = reference_address(args.dy);
    float *dx = reference_address(args.dx), *d_skip = reference_address(args.d_skip);
    for (int64_t i = 0; i < shape.batch * shape.tokens * shape.width; ++i) dx[i] = 0;
    for (int64_t i = 0; i < shape.width; ++i) d_skip[i] = 0;
    for (int64_t i = 0; i < shape.state(); ++i) reference_address(args.d_decay)[i] = 0;
    for (int64_t i = 0; i < shape.directions() * shape.state(); ++i) reference_address(args.d_weights)[i] = 0;
    for_each_direction(shape, [&](int64_t, int64_t channel, const Direction& direction, int64_t number) {
        const auto place = [&](int64_t t) { return direction.first + t * direction.step; };
        std::vector<double> sums(static_cast<size_t>(direction.length), 0.0);
        for (int64_t mode = 0; mode < shape.modes; ++mode) {
            const int64_t index = number * shape.modes + mode;
            const Number decay = number_at(args.decay, mode, shape.width, channel);
            const Number weight = number_at(args.weights, index, shape.width, channel);
            std::vector<Number> states(static_cast<size_t>(direction.length) + 1, 0.0);
            for (int64_t t = 0; t < direction.length; ++t) {
                states[t + 1] = decay * states[t] + static_cast<double>(x[place(t)]);
            }
            // `slope`: the loss changes by Re(slope * change of the state behind token t).
            Number slope = 0, decay_slope = 0, weight_slope = 0;
            for (int64_t t = direction.length - 1; t >= 0; --t) {
                const double d_output = dy[place(t)];
                weight_slope += d_output * states[direction.strict ? t : t + 1];
                if (!direction.strict) slope += weight * d_output;
                sums[t] += slope.real();
                decay_slope += slope * states[t];
                slope *= decay;
                if (direction.strict) slope += weight * d_output;
            }
            add_at(std::conj(decay_slope), args.d_decay, mode, shape.width, channel);
            add_at(std::conj(weight_slope), args.d_weights, index, shape.width, channel);
        }
        for (int64_t t = 0; t < direction.length; ++t) {
            const double of_skip = direction.strict ? 0 : reference_address(args.skip)[channel];
            dx[place(t)] += static_cast<float>(sums[t] + of_skip * dy[place(t)]);
            if (!direction.strict) d_skip[channel] += x[place(t)] * dy[place(t)];
        }
    });
}

int64_t workspace(const StateSpaceShape&) {
    return 0;
}

DiscretisationInputs readable(DiscretisationInputs of) {
    of.step = reference_address(of.step);
    of.decay = reference_address(of.decay);
    of.frequency = reference_address(of.frequency);
    of.readout = reference_address(of.readout);
    return of;
}

void discretise(const Discretisation& args) {
    const Discretisation here = {readable(args.of), reference_address(args.decays), reference_address(args.weights)};
    for (int64_t channel = 0; channel < here.of.width; ++channel) discretised::discretise_channel(here, channel);
}

void discretise_backward(const DiscretisationBackward& args) {
    const DiscretisationBackward here = {readable(args.of),
                                         reference_address(args.d_decays),
                                         reference_address(args.d_weights),
                                         reference_address(args.d_step),
                                         reference_address(args.d_decay),
                                         reference_address(args.d_frequency),
                                         reference_address(args.d_readout)};
    for (int64_t channel = 0; channel < here.of.width; ++channel) {
        discretised::discretise_channel_backward(here, channel);
    }
}

constexpr StateSpaceKernels kernels = {forward, backward, workspace};
constexpr DiscretisationKernels discretisation_kernels = {discretise, discretise_backward};

}  // namespace

}  // namespace state_space_device

const StateSpaceKernels& state_space_reference() {
    return state_space_device::kernels;
}

const DiscretisationKernels& discretisation_reference() {
    return state_space_device::discretisation_kernels;
}

}  // namespace heed
