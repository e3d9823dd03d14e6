#include "heed/trainers/metrics/perplexity.h"

#include <fmt/core.h>

#include <cmath>

#include "heed/core/error.h"

namespace heed {

double perplexity(double loss_sum, int64_t tokens) {
    if (tokens <= 0 || !std::isfinite(loss_sum)) {
        throw Error(fmt::format("a perplexity expects a finite loss over at least one token, got {} over {}", loss_sum,
                                tokens));
    }
    return std::exp(loss_sum / static_cast<double>(tokens));
}

}  // namespace heed
