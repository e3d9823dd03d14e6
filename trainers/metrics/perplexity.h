#pragma once

#include <cstdint>

namespace heed {

/// exp(loss_sum / tokens). With the sum of the negative log-likelihoods of the target tokens (nats, padding left out)
/// this is the perplexity; with the sum of the label-smoothed losses it is what training with label smoothing
/// minimises. Infinite when it does not fit a double. Throws Error unless tokens > 0 and loss_sum is a finite number.
double perplexity(double loss_sum, int64_t tokens);

}  // namespace heed
