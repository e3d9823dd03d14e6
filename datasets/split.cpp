#include "heed/datasets/split.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/random/random.h"

namespace heed {

TrainValidation split_train_validation(uint64_t seed, int64_t n, double fraction) {
    const int64_t count =
        fraction > 0 ? std::max<int64_t>(1, static_cast<int64_t>(std::llround(static_cast<double>(n) * fraction))) : 0;
    if (count >= n) {
        throw UserError(fmt::format("data.validation {} would keep back all of the {} training record{}", fraction, n,
                                    n == 1 ? "" : "s"));
    }
    std::vector<int64_t> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), int64_t{0});
    // The first `count` steps of a Fisher-Yates shuffle draw the validation records.
    RandomSequence random(random_key(seed, RandomPurpose::split, ""));
    for (int64_t i = 0; i < count; ++i) {
        const int64_t other = i + static_cast<int64_t>(random.below(static_cast<uint64_t>(n - i)));
        std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(other)]);
    }
    TrainValidation result;
    result.validation.assign(order.begin(), order.begin() + count);
    result.train.assign(order.begin() + count, order.end());
    std::sort(result.validation.begin(), result.validation.end());
    std::sort(result.train.begin(), result.train.end());
    return result;
}

}  // namespace heed
