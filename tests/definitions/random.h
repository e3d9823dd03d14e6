#pragma once

#include <cstdint>

namespace heed::definitions {

/// Which random numbers an op draws: the key of a module, the optimizer step, the place of the first sample.
struct RandomNumbers {
    uint32_t key[2] = {0, 0};
    uint32_t step = 0;
    uint32_t first_sample = 0;

    /// The 32-bit word of an element of a sample, by Philox4x32-10: 64 neighbouring elements are the four words of 16
    /// consecutive counters, all first words before all second ones.
    uint32_t word(int64_t sample, int64_t element) const;

    /// What dropout multiplies the element with: 0 or 1 / (1 - probability).
    double dropout_factor(int64_t sample, int64_t element, double probability) const;
};

}  // namespace heed::definitions
