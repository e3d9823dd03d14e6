#include "heed/trainers/language_models/masking.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace heed {

int64_t masked_tokens(int64_t length) {
    constexpr double share = 0.15;
    return length < 1 ? 0 : std::max<int64_t>(1, std::llround(share * static_cast<double>(length)));
}

int64_t mask_window(std::span<int32_t> ids, int64_t length, int32_t mask_token, RandomSequence& random,
                    std::span<int32_t> outputs) {
    constexpr uint64_t tenths = 10, masked = 8, replaced = 9;
    std::fill(outputs.begin(), outputs.end(), -1);
    const int64_t chosen = masked_tokens(length);
    if (chosen == 0) return 0;
    std::vector<size_t> places(static_cast<size_t>(length));
    std::iota(places.begin(), places.end(), size_t{0});
    for (size_t i = 0; i < static_cast<size_t>(chosen); ++i) {
        std::swap(places[i], places[i + random.below(places.size() - i)]);
        const size_t place = places[i];
        outputs[place] = ids[place];
        const uint64_t way = random.below(tenths);
        if (way < masked) ids[place] = mask_token;
        if (way >= masked && way < replaced) {
            ids[place] = static_cast<int32_t>(random.below(static_cast<uint64_t>(mask_token)));
        }
    }
    return chosen;
}

}  // namespace heed
