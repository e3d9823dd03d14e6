#pragma once

#include <cstdint>

#include "heed/core/random/random_stream.h"

namespace heed {

/// Four random words, or the counter that they are made from.
struct PhiloxBlock {
    uint32_t word[4] = {0, 0, 0, 0};
};

constexpr uint32_t low_word(uint64_t value) {
    return static_cast<uint32_t>(value);
}
constexpr uint32_t high_word(uint64_t value) {
    return static_cast<uint32_t>(value >> 32);
}

/// Philox4x32 with 10 rounds (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. 2011): a
/// bijection of counters for every key. Also called by CUDA kernels.
constexpr PhiloxBlock philox(RandomKey key, PhiloxBlock counter) {
    uint32_t x0 = counter.word[0], x1 = counter.word[1], x2 = counter.word[2], x3 = counter.word[3];
    for (int round = 0; round < 10; ++round) {
        const uint64_t a = uint64_t{0xD2511F53U} * x0;
        const uint64_t b = uint64_t{0xCD9E8D57U} * x2;
        x0 = high_word(b) ^ x1 ^ key.k0;
        x1 = low_word(b);
        x2 = high_word(a) ^ x3 ^ key.k1;
        x3 = low_word(a);
        key.k0 += 0x9E3779B9U;
        key.k1 += 0xBB67AE85U;
    }
    return {{x0, x1, x2, x3}};
}

/// The words of elements e, e + 16, e + 32 and e + 48 of sample `sample` (counted from `stream.first_sample`), where e
/// is `element` less the multiples of 16 in its remainder by 64.
constexpr PhiloxBlock random_block(const RandomStream& stream, int64_t sample, int64_t element) {
    const auto e = static_cast<uint64_t>(element);
    const uint64_t block = (e / 64) * 16 + e % 16;
    const uint32_t global_sample = stream.first_sample + low_word(static_cast<uint64_t>(sample));
    return philox(stream.key, {{low_word(block), high_word(block), global_sample, stream.step}});
}

/// Random word of element `element` of sample `sample` (counted from `stream.first_sample`).
constexpr uint32_t random_word(const RandomStream& stream, int64_t sample, int64_t element) {
    return random_block(stream, sample, element).word[(static_cast<uint64_t>(element) / 16) % 4];
}

}  // namespace heed
