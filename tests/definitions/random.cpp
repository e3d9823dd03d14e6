#include "heed/tests/definitions/random.h"

#include <array>
#include <cmath>

namespace heed::definitions {

namespace {

// Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011, section 4 (Philox-4x32).
std::array<uint32_t, 4> philox_4x32_10(std::array<uint32_t, 4> counter, uint32_t key0, uint32_t key1) {
    for (int round = 0; round < 10; ++round) {
        const uint64_t left = uint64_t{0xD2511F53} * counter[0];
        const uint64_t right = uint64_t{0xCD9E8D57} * counter[2];
        counter = {static_cast<uint32_t>(right >> 32) ^ counter[1] ^ key0, static_cast<uint32_t>(right),
                   static_cast<uint32_t>(left >> 32) ^ counter[3] ^ key1, static_cast<uint32_t>(left)};
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
    return counter;
}

}  // namespace

uint32_t RandomNumbers::word(int64_t sample, int64_t element) const {
    const int64_t group = element / 64;
    const int64_t place = element % 64;
    const auto counter = static_cast<uint64_t>(group * 16 + place % 16);
    const auto words = philox_4x32_10({static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32),
                                       static_cast<uint32_t>(static_cast<int64_t>(first_sample) + sample), step},
                                      key[0], key[1]);
    return words[static_cast<std::size_t>(place / 16)];
}

double RandomNumbers::dropout_factor(int64_t sample, int64_t element, double probability) const {
    const double threshold = std::round(probability * 4294967296.0);
    return word(sample, element) < threshold ? 0.0 : 1.0 / (1.0 - probability);
}

}  // namespace heed::definitions
