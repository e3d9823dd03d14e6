#include "heed/trainers/benchmark/quartiles.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace heed {

Quartiles quartiles_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto at_share = [&](double share) {
        if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
        const double place = share * static_cast<double>(values.size() - 1);
        const auto before = static_cast<size_t>(place);
        const size_t after = std::min(before + 1, values.size() - 1);
        return std::lerp(values[before], values[after], place - static_cast<double>(before));
    };
    return {at_share(0.25), at_share(0.5), at_share(0.75)};
}

}  // namespace heed
