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

Positions::Positions(int64_t tokens, int64_t dim, bool learned)
    : tokens_(tokens), dim_(dim), learned_(learned), weight_({tokens, dim}, Initializer::normal(0.02f), false) {
    if (learned_) add("weight", weight_);
}

Variable Positions::forward(Context& context) {
    if (learned_) return weight_.variable();
    if (!fixed_.defined()) fixed_ = Tensor::from_host(context, {tokens_, dim_}, sinusoidal_positions(tokens_, dim_));
    return Variable(fixed_);
}

}  // namespace heed
