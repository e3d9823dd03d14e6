#include "heed/tests/definitions/squared_error.h"

namespace heed::definitions {

double squared_error(const Values& predictions, const Values& targets, const Values& weights) {
    double sum = 0;
    for (std::size_t i = 0; i < predictions.size(); ++i) {
        const double error = targets[i] - predictions[i];
        sum += (weights.empty() ? 1 : weights[i]) * error * error;
    }
    return sum;
}

}  // namespace heed::definitions
