#pragma once

#include <cstdint>

namespace heed {

/// Key of Philox4x32-10; made by `random_key`.
struct RandomKey {
    uint32_t k0 = 0;
    uint32_t k1 = 0;
};

/// Random words of one module in one optimizer step. The word of element e of the sample at index s of the batch that
/// the kernel sees is word (e / 16) % 4 of Philox(key, counter), where 64-bit block number c = (e / 64) * 16 + e % 16
/// and counter = {low half of c, high half of c, first_sample + s, step}. Sixteen neighbouring counters so give 64
/// neighbouring elements, and the words depend on nothing but what is written here.
struct RandomStream {
    RandomKey key;
    uint32_t step = 0;
    /// Index of the kernel's first sample in the batch of the optimizer step, over all ranks and micro-batches.
    uint32_t first_sample = 0;
};

/// An element is dropped with probability p when its random word is below this: round(p * 2^32), for 0 <= p < 1.
uint32_t drop_threshold(double p);

}  // namespace heed
