#include <algorithm>
#include <cmath>

#include "heed/core/kernels/distillation_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

/// log of the sum of e^(x / T).
double log_sum(const float* x, int64_t n, double temperature) {
    const double max = *std::max_element(x, x + n);
    double sum = 0;
    for (int64_t j = 0; j < n; ++j) sum += std::exp((x[j] - max) / temperature);
    return max / temperature + std::log(sum);
}

void distillation_forward(const Distillation& a) {
    const double temperature = a.temperature;
    float* dlogits = reference_address(a.dlogits);
    const int32_t* targets = reference_address(a.targets);
    float* losses = reference_address(a.losses);
    double total = 0;
    for (int64_t row = 0; row < a.rows; ++row) {
        const float* x = reference_address(a.logits) + row * a.classes;
        const float* t = reference_address(a.teacher) + row * a.classes;
        const bool left_out = targets != nullptr && targets[row] < 0;
        const double sum_x = log_sum(x, a.classes, temperature), sum_t = log_sum(t, a.classes, temperature);
        double loss = 0;
        for (int64_t j = 0; j < a.classes; ++j) {
            const double log_q = x[j] / temperature - sum_x, log_p = t[j] / temperature - sum_t;
            const double p = std::exp(log_p);
            loss += temperature * temperature * p * (log_p - log_q);
            if (dlogits == nullptr) continue;
            dlogits[row * a.classes + j] = left_out ? 0.0F : static_cast<float>(temperature * (std::exp(log_q) - p));
        }
        losses[row] = left_out ? 0.0F : static_cast<float>(loss);
        total += losses[row];
    }
    *reference_address(a.sum) = total;
    *reference_address(a.loss) = static_cast<float>(total);
}

constexpr DistillationKernels distillation_reference_kernels = {distillation_forward};

}  // namespace

const DistillationKernels& distillation_reference() {
    return distillation_reference_kernels;
}

}  // namespace heed
