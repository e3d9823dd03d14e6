#include "heed/datasets/batches/batch_order.h"

#include <algorithm>
#include <numeric>

#include "heed/core/random/random.h"

namespace heed {

std::vector<int64_t> epoch_order(bool shuffle, uint64_t seed, int64_t epoch, int64_t n) {
    if (shuffle) {
        return permutation(seed, static_cast<uint32_t>(epoch), n);
    }
    std::vector<int64_t> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), int64_t{0});
    return order;
}

int64_t batches_per_epoch(int64_t n, int64_t batch) {
    return (n + batch - 1) / batch;
}

PositionRange batch_range(int64_t n, int64_t batch, int64_t index) {
    return {std::min(n, index * batch), std::min(n, (index + 1) * batch)};
}

PositionRange part_range(PositionRange range, int64_t parts, int64_t part) {
    return {range.begin + range.size() * part / parts, range.begin + range.size() * (part + 1) / parts};
}

}  // namespace heed
