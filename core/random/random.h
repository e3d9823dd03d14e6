#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "heed/core/random/philox.h"
#include "heed/core/random/random_stream.h"

namespace heed {

/// What random numbers are for. Different purposes never share numbers. The values are part of the meaning of a seed:
/// new ones are added at the end.
enum class RandomPurpose : uint32_t {
    initialisation = 0,
    data_order = 1,
    dropout = 2,
    augmentation = 3,
    hashing = 4,
    split = 5,
    drop_path = 6,
    explanation = 7,
    generation = 8,
};

/// Key of the numbers that the module `name` (dotted; empty where no module is meant) draws for `purpose`. The key is
/// words 0 and 1 of Philox({low seed, high seed}, {low h, high h, purpose, 0}) where h is the 64-bit FNV-1a hash of the
/// name.
RandomKey random_key(uint64_t seed, RandomPurpose purpose, std::string_view name);

/// A uniform number in [0, 1): the top 24 bits of the word over 2^24.
inline float uniform_float(uint32_t word) {
    return static_cast<float>(word >> 8) * 0x1p-24F;
}

/// Numbers drawn one after the other from one key: words 0 .. 3 of Philox(key, {low i, high i, stream, substream}) for
/// i = 0, 1, ... Equal arguments give equal sequences.
class RandomSequence {
public:
    explicit RandomSequence(RandomKey key, uint32_t stream = 0, uint32_t substream = 0);

    /// 32 random bits.
    uint32_t next();

    /// Uniform in [0, 1), a multiple of 2^-24.
    float uniform();

    /// Standard normal (Box-Muller of two 32-bit words, cosine and sine branch in turn), |value| < 6.7.
    float normal();

    /// Uniform integer in [0, bound), without modulo bias (words in the incomplete last interval are drawn again).
    /// Throws Error when bound is 0.
    uint64_t below(uint64_t bound);

private:
    RandomKey key_;
    PhiloxBlock counter_;
    PhiloxBlock block_;
    int used_ = 4;
    bool has_spare_ = false;
    float spare_ = 0;
};

/// Order in which epoch number `epoch` visits n samples: a uniformly random permutation of 0 .. n-1 that is a pure
/// function of the three arguments (Fisher-Yates over the sequence of purpose data_order and stream epoch). Throws
/// Error when n < 0.
std::vector<int64_t> permutation(uint64_t seed, uint32_t epoch, int64_t n);

}  // namespace heed
