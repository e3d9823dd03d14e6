#include "heed/tests/definitions/attention/state_space.h"

#include <cmath>
#include <complex>
#include <numbers>

#include "heed/tests/definitions/elementwise.h"
#include "heed/tests/definitions/products.h"

namespace heed::definitions {

namespace {

using Number = std::complex<double>;

Number number_of(const Values& values, int64_t index, int64_t width, int64_t channel) {
    return {values[2 * index * width + channel], values[(2 * index + 1) * width + channel]};
}

void put(Number z, Values& values, int64_t index, int64_t width, int64_t channel) {
    values[2 * index * width + channel] = z.real();
    values[(2 * index + 1) * width + channel] = z.imag();
}

int64_t length_of(const StateSpaceSizes& s, int64_t sample) {
    return s.lengths.empty() ? s.tokens : s.lengths[static_cast<std::size_t>(sample)];
}

}  // namespace

DiscreteStateSpace discretisation(const Values& step, const Values& decay, const Values& frequency,
                                  const Values& readout, bool linear, const StateSpaceSizes& s) {
    DiscreteStateSpace result{Values(2 * s.modes * s.width), Values(readout.size())};
    const double state = 2.0 * static_cast<double>(s.modes);
    for (int64_t mode = 0; mode < s.modes; ++mode) {
        const double first = linear ? std::numbers::pi * static_cast<double>(mode)
                                    : state / std::numbers::pi * (state / static_cast<double>(2 * mode + 1) - 1);
        for (int64_t channel = 0; channel < s.width; ++channel) {
            const int64_t place = mode * s.width + channel;
            const double h = 0.01 * std::exp(step[channel]);
            const Number a(-0.5 * std::exp(decay[place]), first + frequency[place]);
            put(std::exp(h * a), result.decay, mode, s.width, channel);
            for (int64_t direction = 0; direction < s.directions; ++direction) {
                const int64_t index = direction * s.modes + mode;
                put(2.0 * number_of(readout, index, s.width, channel) * (std::exp(h * a) - 1.0) / a, result.weights,
                    index, s.width, channel);
            }
        }
    }
    return result;
}

Values state_space_recurrence(const Values& x, const Values& decay, const Values& weights, const Values& skip,
                              const StateSpaceSizes& s) {
    Values y(x.size(), 0.0);
    for (int64_t sample = 0; sample < s.batch; ++sample) {
        for (int64_t channel = 0; channel < s.width; ++channel) {
            const auto place = [&](int64_t t) { return (sample * s.tokens + t) * s.width + channel; };
            const int64_t length = length_of(s, sample);
            for (int64_t t = 0; t < length; ++t) y[place(t)] = skip[channel] * x[place(t)];
            for (int64_t mode = 0; mode < s.modes; ++mode) {
                const Number a = number_of(decay, mode, s.width, channel);
                Number state = 0;
                for (int64_t t = 0; t < length; ++t) {
                    state = a * state + x[place(t)];
                    y[place(t)] += (number_of(weights, mode, s.width, channel) * state).real();
                }
                if (s.directions == 1) continue;
                state = 0;
                for (int64_t t = length - 1; t >= 0; --t) {
                    y[place(t)] += (number_of(weights, s.modes + mode, s.width, channel) * state).real();
                    state = a * state + x[place(t)];
                }
            }
        }
    }
    return y;
}

Values state_space_convolution(const Values& x, const Values& decay, const Values& weights, const Values& skip,
                               const StateSpaceSizes& s) {
    const auto kernel = [&](int64_t direction, int64_t lag, int64_t channel) {
        double sum = 0;
        for (int64_t mode = 0; mode < s.modes; ++mode) {
            const Number a = number_of(decay, mode, s.width, channel);
            sum += (number_of(weights, direction * s.modes + mode, s.width, channel) * std::pow(a, lag)).real();
        }
        return sum;
    };
    Values y(x.size(), 0.0);
    for (int64_t sample = 0; sample < s.batch; ++sample) {
        for (int64_t channel = 0; channel < s.width; ++channel) {
            const auto place = [&](int64_t t) { return (sample * s.tokens + t) * s.width + channel; };
            for (int64_t t = 0; t < length_of(s, sample); ++t) {
                double sum = skip[channel] * x[place(t)];
                for (int64_t u = 0; u < length_of(s, sample); ++u) {
                    if (u <= t) sum += kernel(0, t - u, channel) * x[place(u)];
                    if (u > t && s.directions == 2) sum += kernel(1, u - t - 1, channel) * x[place(u)];
                }
                y[place(t)] = sum;
            }
        }
    }
    return y;
}

Values s4d_layer(const Values& query, const Values&, const AttentionParameters& parameters,
                 const Attention& attention) {
    StateSpaceSizes sizes{.batch = attention.batch,
                          .tokens = attention.queries,
                          .width = attention.heads * attention.head_dim,
                          .modes = 0,
                          .directions = 0,
                          .lengths = attention.key_lengths};
    const Values& readout = parameters.at("readout");
    sizes.modes = static_cast<int64_t>(parameters.at("decay").size()) / sizes.width;
    sizes.directions = static_cast<int64_t>(readout.size()) / (2 * sizes.modes * sizes.width);
    const auto [decay, weights] = discretisation(parameters.at("step"), parameters.at("decay"),
                                                 parameters.at("frequency"), readout, false, sizes);
    const Values heads = gelu(state_space_recurrence(query, decay, weights, parameters.at("skip"), sizes));
    const auto bias = parameters.find("output.bias");
    return linear(heads, parameters.at("output.weight"), bias == parameters.end() ? Values{} : bias->second,
                  sizes.width, sizes.width);
}

}  // namespace heed::definitions
