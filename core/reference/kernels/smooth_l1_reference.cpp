#include <cmath>

#include "heed/core/kernels/smooth_l1_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

void smooth_l1_forward(const SmoothL1& a) {
    const float* predictions = reference_address(a.predictions);
    const float* targets = reference_address(a.targets);
    const float* weights = reference_address(a.weights);
    float* dpredictions = reference_address(a.dpredictions);
    const double beta = a.beta;
    double total = 0;
    for (int64_t i = 0; i < a.count; ++i) {
        const double error = static_cast<double>(predictions[i]) - targets[i], size = std::abs(error);
        const double weight = weights != nullptr ? weights[i] : 1.0;
        total += weight * (size < beta ? error * error / (2 * beta) : size - beta / 2);
        // The error itself is 0 or NaN where it has no sign.
        const double sign = error > 0 ? 1 : error < 0 ? -1 : error;
        if (dpredictions != nullptr) dpredictions[i] = static_cast<float>(weight * (size < beta ? error / beta : sign));
    }
    *reference_address(a.sum) = total;
    *reference_address(a.loss) = static_cast<float>(total);
}

constexpr SmoothL1Kernels smooth_l1_reference_kernels = {smooth_l1_forward};

}  // namespace

const SmoothL1Kernels& smooth_l1_reference() {
    return smooth_l1_reference_kernels;
}

}  // namespace heed
