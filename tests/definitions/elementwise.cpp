#include "heed/tests/definitions/elementwise.h"

#include <cmath>
#include <numbers>

namespace heed::definitions {

namespace {

template <class F>
Values map(const Values& x, const F& f) {
    Values y;
    for (const double value : x) y.push_back(f(value));
    return y;
}

}  // namespace

Values add(const Values& a, const Values& b) {
    Values y = a;
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += b[i];
    return y;
}

Values scale(const Values& x, double factor) {
    return map(x, [&](double value) { return factor * value; });
}

Values relu(const Values& x) {
    return map(x, [](double value) { return value < 0 ? 0 : value; });
}

Values gelu(const Values& x) {
    return map(x, [](double value) { return value * 0.5 * std::erfc(-value / std::numbers::sqrt2); });
}

Values gelu_tanh(const Values& x) {
    return map(x, [](double value) {
        const double inner = std::sqrt(2 / std::numbers::pi) * (value + 0.044715 * value * value * value);
        return 0.5 * value * (1 + std::tanh(inner));
    });
}

Values silu(const Values& x) {
    return map(x, [](double value) { return value / (1 + std::exp(-value)); });
}

Values tanh(const Values& x) {
    return map(x, [](double value) { return std::tanh(value); });
}

Values dropout(const Values& x, int64_t samples, double probability, const RandomNumbers& random) {
    Values y;
    const int64_t per_sample = samples == 0 ? 0 : static_cast<int64_t>(x.size()) / samples;
    for (int64_t sample = 0; sample < samples; ++sample) {
        for (int64_t element = 0; element < per_sample; ++element) {
            const double factor = random.dropout_factor(sample, element, probability);
            y.push_back(factor == 0 ? 0 : factor * x[y.size()]);
        }
    }
    return y;
}

Values drop_path(const Values& x, int64_t samples, double probability, const RandomNumbers& random) {
    Values y = x;
    const std::size_t per_sample = samples == 0 ? 0 : x.size() / static_cast<std::size_t>(samples);
    for (std::size_t i = 0; i < y.size(); ++i) {
        const double factor = random.dropout_factor(static_cast<int64_t>(i / per_sample), 0, probability);
        y[i] = factor == 0 ? 0 : factor * x[i];
    }
    return y;
}

Values residual_add(const Values& x, const Values& branch, int64_t samples, double probability,
                    const RandomNumbers& random) {
    return add(x, probability == 0 ? branch : dropout(branch, samples, probability, random));
}

}  // namespace heed::definitions
