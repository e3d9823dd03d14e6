#include "heed/tests/definitions/cross_entropy.h"

#include <cmath>

namespace heed::definitions {

double cross_entropy(const Values& logits, const Integers& targets, int64_t classes, double smoothing,
                     const Values& weights) {
    double loss = 0;
    for (std::size_t row = 0; row < targets.size(); ++row) {
        if (targets[row] == -1) continue;
        const double* z = logits.data() + row * static_cast<std::size_t>(classes);
        double total = 0;
        for (int64_t c = 0; c < classes; ++c) total += std::exp(z[c]);
        for (int64_t c = 0; c < classes; ++c) {
            const double share = (c == targets[row] ? 1 - smoothing : 0) + smoothing / static_cast<double>(classes);
            const double wanted = weights.empty() ? share : share * weights[static_cast<std::size_t>(c)];
            if (wanted != 0) loss -= wanted * std::log(std::exp(z[c]) / total);
        }
    }
    return loss;
}

double binary_cross_entropy(const Values& logits, const Values& targets, const Values& weights) {
    double loss = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        const double p = 1 / (1 + std::exp(-logits[i]));
        const double weight = weights.empty() ? 1 : weights[i];
        loss -= weight * (targets[i] * std::log(p) + (1 - targets[i]) * std::log(1 - p));
    }
    return loss;
}

double distillation(const Values& logits, const Values& teacher, const Integers& targets, int64_t classes,
                    double temperature) {
    const auto width = static_cast<std::size_t>(classes);
    double loss = 0;
    for (std::size_t row = 0; row * width < logits.size(); ++row) {
        if (!targets.empty() && targets[row] < 0) continue;
        const double* x = logits.data() + row * width;
        const double* y = teacher.data() + row * width;
        double all_q = 0, all_p = 0;
        for (std::size_t j = 0; j < width; ++j) {
            all_q += std::exp(x[j] / temperature);
            all_p += std::exp(y[j] / temperature);
        }
        for (std::size_t j = 0; j < width; ++j) {
            const double log_p = y[j] / temperature - std::log(all_p), log_q = x[j] / temperature - std::log(all_q);
            loss += temperature * temperature * std::exp(log_p) * (log_p - log_q);
        }
    }
    return loss;
}

}  // namespace heed::definitions
