#include "heed/core/module/initializer.h"

#include <cmath>

namespace heed {

std::vector<float> Initializer::draw(const Shape& shape, RandomKey key) const {
    std::vector<float> values(static_cast<size_t>(shape.elements()), scale);
    if (kind == Kind::constant) return values;
    RandomSequence numbers(key);
    if (kind == Kind::near_identity) {
        const int64_t n = shape[0];
        for (int64_t i = 0; i < n * n; ++i) {
            const float value = scale * numbers.normal() + (i / n == i % n ? 1.0f : 0.0f);
            values[static_cast<size_t>(i)] = lower_triangular && i % n > i / n ? 0.0f : value;
        }
        return values;
    }
    if (kind == Kind::normal) {
        for (float& value : values) value = scale * numbers.normal();
        return values;
    }
    float bound = scale;
    if (kind == Kind::xavier_uniform && shape.elements() > 0) {
        double fan_out = static_cast<double>(shape[0]);
        double fan_in = static_cast<double>(shape.elements()) / fan_out;
        bound = static_cast<float>(std::sqrt(6.0 / (fan_in + fan_out)));
    }
    for (float& value : values) value = bound * (2.0f * numbers.uniform() - 1.0f);
    return values;
}

}  // namespace heed
