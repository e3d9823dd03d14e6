#include <cmath>

#include "heed/core/kernels/binary_cross_entropy_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

void binary_cross_entropy_forward(const BinaryCrossEntropy& a) {
    const float* targets = reference_address(a.targets);
    const uint8_t* byte_targets = reference_address(a.byte_targets);
    const float* weights = reference_address(a.weights);
    float* dlogits = reference_address(a.dlogits);
    double total = 0;
    for (int64_t i = 0; i < a.count; ++i) {
        const double x = reference_address(a.logits)[i];
        const double y = targets != nullptr ? targets[i] : byte_targets[i];
        const double e = std::exp(-std::abs(x));
        const double weight = weights != nullptr ? weights[i] : 1.0;
        total += weight * ((x < 0 ? 0 : x) - x * y + std::log1p(e));
        const double derivative = x < 0 ? e / (1 + e) - y : (1 - y) - e / (1 + e);
        if (dlogits != nullptr) dlogits[i] = static_cast<float>(weight * derivative);
    }
    *reference_address(a.sum) = total;
    *reference_address(a.loss) = static_cast<float>(total);
}

constexpr BinaryCrossEntropyKernels binary_cross_entropy_reference_kernels = {binary_cross_entropy_forward};

}  // namespace

const BinaryCrossEntropyKernels& binary_cross_entropy_reference() {
    return binary_cross_entropy_reference_kernels;
}

}  // namespace heed
