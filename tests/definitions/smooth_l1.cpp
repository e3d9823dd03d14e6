#include "heed/tests/definitions/smooth_l1.h"

#include <cmath>

namespace heed::definitions {

double smooth_l1(const Values& predictions, const Values& targets, double delta, const Values& weights) {
    double sum = 0;
    for (std::size_t i = 0; i < predictions.size(); ++i) {
        const double size = std::abs(targets[i] - predictions[i]);
        double loss = size;
        if (delta > 0) loss = (size <= delta ? size * size / 2 : delta * (size - delta / 2)) / delta;
        sum += (weights.empty() ? 1 : weights[i]) * loss;
    }
    return sum;
}

}  // namespace heed::definitions
