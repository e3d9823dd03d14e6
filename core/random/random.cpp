#include "heed/core/random/random.h"

#include <cmath>
#include <string>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/random/fnv1a.h"

namespace heed {

RandomKey random_key(uint64_t seed, RandomPurpose purpose, std::string_view name) {
    const uint64_t hash = fnv1a(name);
    const PhiloxBlock block = philox({low_word(seed), high_word(seed)},
                                     {{low_word(hash), high_word(hash), static_cast<uint32_t>(purpose), 0}});
    return {block.word[0], block.word[1]};
}

uint32_t drop_threshold(double p) {
    if (!(p >= 0 && p < 1))
        throw Error("A dropout probability must be in [0, 1), but it is " + std::to_string(p) + ".");
    const double words = std::round(p * 0x1p32);
    return words >= 0x1p32 ? 0xFFFFFFFFU : static_cast<uint32_t>(words);
}

RandomSequence::RandomSequence(RandomKey key, uint32_t stream, uint32_t substream)
    : key_(key), counter_{{0, 0, stream, substream}} {}

uint32_t RandomSequence::next() {
    if (used_ == 4) {
        block_ = philox(key_, counter_);
        if (++counter_.word[0] == 0) ++counter_.word[1];
        used_ = 0;
    }
    return block_.word[used_++];
}

float RandomSequence::uniform() {
    return uniform_float(next());
}

float RandomSequence::normal() {
    if (has_spare_) {
        has_spare_ = false;
        return spare_;
    }
    const double u = (static_cast<double>(next()) + 1) * 0x1p-32;  // (0, 1]: the logarithm is finite
    const double angle = static_cast<double>(next()) * (0x1p-32 * 2 * M_PI);
    const double radius = std::sqrt(-2 * std::log(u));
    spare_ = static_cast<float>(radius * std::sin(angle));
    has_spare_ = true;
    return static_cast<float>(radius * std::cos(angle));
}

uint64_t RandomSequence::below(uint64_t bound) {
    if (bound == 0) throw Error("A random integer needs a bound of at least 1, but it is 0.");
    const uint64_t unfair = (0 - bound) % bound;  // 2^64 mod bound words would favour the small results
    for (;;) {
        const uint64_t first = next();
        const uint64_t word = first << 32 | next();
        if (word >= unfair) return word % bound;
    }
}

std::vector<int64_t> permutation(uint64_t seed, uint32_t epoch, int64_t n) {
    if (n < 0) throw Error("A permutation needs a length of at least 0, but it is " + std::to_string(n) + ".");
    RandomSequence sequence(random_key(seed, RandomPurpose::data_order, ""), epoch);
    std::vector<int64_t> order(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[sequence.below(i)]);
    return order;
}

}  // namespace heed
