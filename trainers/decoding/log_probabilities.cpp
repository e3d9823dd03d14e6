#include "heed/trainers/decoding/log_probabilities.h"

#include <algorithm>
#include <cmath>

#include "heed/core/ops/rows/softmax.h"
#include "heed/core/parallel.h"

namespace heed {

std::vector<float> log_probabilities(const Tensor& logits) {
    const int64_t rows = logits.shape()[0], classes = logits.shape()[1];
    const std::vector<float> probabilities = softmax(Variable(logits)).value().to_vector();
    std::vector<float> values = logits.to_vector();
    parallel_for(rows, 16, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            float* const first = values.data() + row * classes;
            const int64_t best = std::max_element(first, first + classes) - first;
            // The largest probability is at least 1 / classes, so that its logarithm is exact to rounding.
            const float normaliser = first[best] - std::log(probabilities[static_cast<size_t>(row * classes + best)]);
            for (int64_t i = 0; i < classes; ++i) first[i] -= normaliser;
        }
    });
    return values;
}

}  // namespace heed
