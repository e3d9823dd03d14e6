#include "heed/core/kernels/squared_error_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

void squared_error_forward(const SquaredError& a) {
    const float* predictions = reference_address(a.predictions);
    const float* targets = reference_address(a.targets);
    const float* weights = reference_address(a.weights);
    float* dpredictions = reference_address(a.dpredictions);
    double total = 0;
    for (int64_t i = 0; i < a.count; ++i) {
        const double error = static_cast<double>(predictions[i]) - targets[i];
        const double weight = weights != nullptr ? weights[i] : 1.0;
        total += weight * error * error;
        if (dpredictions != nullptr) dpredictions[i] = static_cast<float>(2 * weight * error);
    }
    *reference_address(a.sum) = total;
    *reference_address(a.loss) = static_cast<float>(total);
}

constexpr SquaredErrorKernels squared_error_reference_kernels = {squared_error_forward};

}  // namespace

const SquaredErrorKernels& squared_error_reference() {
    return squared_error_reference_kernels;
}

}  // namespace heed
