#include "heed/layers/positions.h"

#include <cmath>

namespace heed {

std::vector<float> sinusoidal_positions(int64_t tokens, int64_t dim) {
    std::vector<float> table(static_cast<size_t>(tokens * dim));
    for (int64_t token = 0; token < tokens; ++token) {
        for (int64_t column = 0; column < dim; ++column) {
            double exponent = static_cast<double>(column / 2 * 2) / static_cast<double>(dim);
            double angle = static_cast<double>(token) / std::pow(10000.0, exponent);
            double value = column % 2 == 0 ? std::sin(angle) : std::cos(angle);
            table[static_cast<size_t>(token * dim + column)] = static_cast<float>(value);
        }
    }
    return table;
}

std::vector<float> halved_sinusoidal_positions(int64_t tokens, int64_t dim) {
    const std::vector<float> pairs = sinusoidal_positions(tokens, dim);
    std::vector<float> table(pairs.size());
    const int64_t sines = (dim + 1) / 2;
    for (int64_t token = 0; token < tokens; ++token) {
        for (int64_t column = 0; column < dim; ++column) {
            const int64_t from = column < sines ? 2 * column : 2 * (column - sines) + 1;
            table[static_cast<size_t>(token * dim + column)] = pairs[static_cast<size_t>(token * dim + from)];
        }
    }
    return table;
}

Positions::Positions(int64_t tokens, int64_t dim, const std::string& kind)
    : tokens_(tokens),
      dim_(dim),
      learned_(kind == "learned"),
      halved_(kind == "sinusoidal_halves"),
      weight_({tokens, dim}, Initializer::normal(0.02f), false) {
    if (learned_) add("weight", weight_);
}

Variable Positions::forward(Context& context) {
    if (learned_) return weight_.variable();
    if (!fixed_.defined()) {
        const auto& table_of = halved_ ? halved_sinusoidal_positions : sinusoidal_positions;
        fixed_ = Tensor::from_host(context, {tokens_, dim_}, table_of(tokens_, dim_));
    }
    return Variable(fixed_);
}

}  // namespace heed
