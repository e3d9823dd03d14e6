#include <cmath>
#include <limits>

#include "heed/core/cpu/isa.h"
#include "heed/core/ops/cross_entropy_kernels.h"
#include "heed/core/reference/address.h"

HEED_CHOOSE_ISA(CrossEntropyKernels, cross_entropy);

namespace heed {

namespace {

/// Lowest index of the largest value; NaN never wins.
int32_t arg_max(const float* x, int64_t n) {
    float best = -std::numeric_limits<float>::infinity();
    int32_t index = 0;
    for (int64_t j = 0; j < n; ++j) {
        if (x[j] > best) {
            best = x[j];
            index = static_cast<int32_t>(j);
        }
    }
    return index;
}

void cross_entropy_forward(const CrossEntropy& a) {
    const int64_t n = a.classes;
    const double smoothing = a.label_smoothing;
    float* all_nll = reference_address(a.nll);
    float* dlogits = reference_address(a.dlogits);
    int32_t* predictions = reference_address(a.predictions);
    for (int64_t row = 0; row < a.rows; ++row) {
        const float* x = reference_address(a.logits) + row * n;
        const int32_t target = reference_address(a.targets)[row];
        const int32_t prediction = arg_max(x, n);
        const double max = x[prediction];
        double exponentials = 0;
        double distances = 0;
        for (int64_t j = 0; j < n; ++j) {
            exponentials += std::exp(x[j] - max);
            distances += x[j] - max;
        }
        const double log_sum = std::log(exponentials);
        const double nll = target < 0 ? 0 : log_sum - (x[target] - max);
        const double flat = smoothing == 0 || target < 0 ? 0 : log_sum - distances / static_cast<double>(n);
        if (dlogits != nullptr) {
            for (int64_t j = 0; j < n; ++j) {
                const double wanted = smoothing / static_cast<double>(n) + (j == target ? 1 - smoothing : 0);
                const double probability = std::exp(x[j] - max) / exponentials;
                dlogits[row * n + j] = target < 0 ? 0.0F : static_cast<float>(probability - wanted);
            }
        }
        reference_address(a.losses)[row] = static_cast<float>((1 - smoothing) * nll + smoothing * flat);
        if (all_nll != nullptr) all_nll[row] = static_cast<float>(nll);
        if (predictions != nullptr) predictions[row] = prediction;
    }
}

double sum(const float* values, int64_t count) {
    double total = 0;
    for (int64_t i = 0; i < count; ++i) total += reference_address(values)[i];
    return total;
}

constexpr CrossEntropyKernels cross_entropy_reference_kernels = {cross_entropy_forward, sum};

}  // namespace

const CrossEntropyKernels& cross_entropy_reference() {
    return cross_entropy_reference_kernels;
}

}  // namespace heed
