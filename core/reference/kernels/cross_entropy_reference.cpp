#include <cmath>
#include <limits>

#include "heed/core/kernels/cross_entropy_kernels.h"
#include "heed/core/reference/address.h"

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
    float* row_weights = reference_address(a.row_weights);
    const float* class_weights = reference_address(a.class_weights);
    const auto weight = [=](int64_t j) { return class_weights == nullptr ? 1.0 : class_weights[j]; };
    double all_weights = 0;
    for (int64_t j = 0; j < n; ++j) all_weights += weight(j);
    for (int64_t row = 0; row < a.rows; ++row) {
        const float* x = reference_address(a.logits) + row * n;
        const int32_t target = reference_address(a.targets)[row];
        const int32_t prediction = arg_max(x, n);
        const double max = x[prediction];
        double exponentials = 0;
        double distances = 0;
        for (int64_t j = 0; j < n; ++j) {
            exponentials += std::exp(x[j] - max);
            distances += weight(j) * (x[j] - max);
        }
        const double log_sum = std::log(exponentials);
        const double row_weight = target < 0 ? 0 : weight(target);
        const double nll = target < 0 ? 0 : row_weight * (log_sum - (x[target] - max));
        const double flat =
            smoothing == 0 || target < 0 ? 0 : (all_weights * log_sum - distances) / static_cast<double>(n);
        if (dlogits != nullptr) {
            const double uniform = smoothing / static_cast<double>(n), certain = (1 - smoothing) * row_weight;
            for (int64_t j = 0; j < n; ++j) {
                const double wanted = uniform * weight(j) + (j == target ? certain : 0);
                const double probability = std::exp(x[j] - max) / exponentials;
                const double derivative = (certain + uniform * all_weights) * probability - wanted;
                dlogits[row * n + j] = target < 0 ? 0.0F : static_cast<float>(derivative);
            }
        }
        reference_address(a.losses)[row] = static_cast<float>((1 - smoothing) * nll + smoothing * flat);
        if (all_nll != nullptr) all_nll[row] = static_cast<float>(nll);
        if (predictions != nullptr) predictions[row] = prediction;
        if (row_weights != nullptr) row_weights[row] = static_cast<float>(row_weight);
    }
}

double sum_of(const float* values, int64_t count) {
    double total = 0;
    for (int64_t i = 0; i < count; ++i) total += reference_address(values)[i];
    return total;
}

void cross_entropy_sum(const CrossEntropySums& a) {
    double* sums = reference_address(a.sums);
    sums[0] = sum_of(a.losses, a.rows);
    sums[1] = sum_of(a.nll, a.rows);
    sums[2] = sum_of(a.row_weights, a.rows);
    *reference_address(a.loss) = static_cast<float>(sums[0]);
}

constexpr CrossEntropyKernels cross_entropy_reference_kernels = {cross_entropy_forward, cross_entropy_sum};

}  // namespace

const CrossEntropyKernels& cross_entropy_reference() {
    return cross_entropy_reference_kernels;
}

}  // namespace heed
