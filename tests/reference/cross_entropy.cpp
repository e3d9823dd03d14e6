#include "heed/tests/reference/cross_entropy.h"

#include <cmath>

namespace heed::reference {

double cross_entropy(const Values& logits, const Integers& targets, int64_t classes, double smoothing) {
    double loss = 0;
    for (std::size_t row = 0; row < targets.size(); ++row) {
        if (targets[row] == -1) continue;
        const double* z = logits.data() + row * static_cast<std::size_t>(classes);
        double total = 0;
        for (int64_t c = 0; c < classes; ++c) total += std::exp(z[c]);
        for (int64_t c = 0; c < classes; ++c) {
            const double wanted = (c == targets[row] ? 1 - smoothing : 0) + smoothing / static_cast<double>(classes);
            if (wanted != 0) loss -= wanted * std::log(std::exp(z[c]) / total);
        }
    }
    return loss;
}

}  // namespace heed::reference
