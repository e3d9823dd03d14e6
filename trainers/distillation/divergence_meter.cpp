#include "heed/trainers/distillation/divergence_meter.h"

#include <cmath>
#include <vector>

#include "heed/core/ops/losses/distillation.h"

namespace heed {

namespace {

/// log(1 / (1 + e^-x))
double log_sigmoid(double x) {
    return x < 0 ? x - std::log1p(std::exp(x)) : -std::log1p(std::exp(-x));
}

/// Sum over all entries.
double divergence_of_labels(const Tensor& logits, const Tensor& other_logits) {
    const std::vector<float> own = logits.to_vector(), other = other_logits.to_vector();
    double sum = 0.0;
    for (size_t i = 0; i < own.size(); ++i) {
        const double x = own[i], t = other[i];
        sum += std::exp(log_sigmoid(t)) * (log_sigmoid(t) - log_sigmoid(x)) +
               std::exp(log_sigmoid(-t)) * (log_sigmoid(-t) - log_sigmoid(-x));
    }
    return sum;
}

}  // namespace

void DivergenceMeter::measure(const Variable& logits, const Tensor& other_logits, int64_t count, Packer& packed,
                              const Tensor& targets) const {
    double total = 0.0;
    if (several_labels_) {
        total = divergence_of_labels(logits.value(), other_logits) / static_cast<double>(logits.shape()[1]);
    } else {
        distillation(logits, other_logits, 1.0f, targets).loss_total.copy_to_host(&total);
    }
    packed.add(count);
    packed.add(total);
}

void DivergenceMeter::add(Unpacker& packed) {
    count_ += packed.take<int64_t>();
    sum_ += packed.take<double>();
}

double DivergenceMeter::mean() const {
    return count_ > 0 ? sum_ / static_cast<double>(count_) : 0.0;
}

}  // namespace heed
