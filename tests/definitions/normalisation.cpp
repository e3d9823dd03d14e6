#include "heed/tests/definitions/normalisation.h"

#include <cmath>

namespace heed::definitions {

Values layer_norm(const Values& x, const Values& gain, const Values& bias, double epsilon) {
    const std::size_t width = gain.size();
    const auto n = static_cast<double>(width);
    Values y;
    for (std::size_t row = 0; row < x.size(); row += width) {
        double mean = 0;
        for (std::size_t j = 0; j < width; ++j) mean += x[row + j] / n;
        double variance = 0;
        for (std::size_t j = 0; j < width; ++j) variance += (x[row + j] - mean) * (x[row + j] - mean) / n;
        for (std::size_t j = 0; j < width; ++j) {
            y.push_back((x[row + j] - mean) / std::sqrt(variance + epsilon) * gain[j] + bias[j]);
        }
    }
    return y;
}

Values softmax(const Values& x, int64_t width, const Integers& lengths) {
    Values y(x.size(), 0);
    const auto n = static_cast<std::size_t>(width);
    for (std::size_t begin = 0, row = 0; begin < x.size(); begin += n, ++row) {
        const std::size_t length = lengths.empty() ? n : static_cast<std::size_t>(lengths[row]);
        double sum = 0;
        for (std::size_t j = begin; j < begin + length; ++j) sum += std::exp(x[j]);
        for (std::size_t j = begin; j < begin + length; ++j) y[j] = std::exp(x[j]) / sum;
    }
    return y;
}

}  // namespace heed::definitions
