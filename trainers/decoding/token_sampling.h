#pragma once

#include <cstdint>
#include <span>

namespace heed {

/// How a token is chosen from the logits of all.
struct SamplingOptions {
    bool greedy = false;       ///< the most probable one; the rest does not count
    double temperature = 1.0;  ///< logits are divided by it
    int64_t top_k = 0;         ///< only the k most probable tokens (Fan et al., ACL 2018); 0: all
    /// Only the fewest most probable tokens whose probabilities, after temperature and top_k, have at least this sum
    /// (nucleus sampling, Holtzman et al., ICLR 2020).
    double top_p = 1.0;
};

/// A token drawn from the softmax of the logits of `writable` tokens (a flag for each); of equal logits the least token
/// comes first. `draw` in [0, 1) is the random number. A pure function of its arguments. Throws Error where no token is
/// writable or a logit of one is not finite.
int32_t sample_token(std::span<const float> logits, std::span<const uint8_t> writable, const SamplingOptions& options,
                     double draw);

}  // namespace heed
