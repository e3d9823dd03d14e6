#include "heed/trainers/classification/class_probabilities.h"

#include <algorithm>
#include <cmath>

#include "heed/core/ops/rows/softmax.h"
#include "heed/trainers/decoding/log_probabilities.h"

namespace heed {

std::vector<float> class_probabilities(const Variable& logits, bool several_labels) {
    if (!several_labels) return softmax(logits).value().to_vector();
    std::vector<float> values = logits.value().to_vector();
    for (float& value : values) value = static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(value))));
    return values;
}

std::vector<float> class_log_probabilities(const Variable& logits, bool several_labels) {
    if (!several_labels) return log_probabilities(logits.value());
    std::vector<float> values = logits.value().to_vector();
    for (float& value : values) {
        const double x = value;
        value = static_cast<float>(std::min(x, 0.0) - std::log1p(std::exp(-std::abs(x))));
    }
    return values;
}

}  // namespace heed
