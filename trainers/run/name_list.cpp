#include "heed/trainers/run/name_list.h"

#include "heed/core/settings/nearest_name.h"

namespace heed {

std::string shortened(const std::vector<std::string>& names) {
    constexpr size_t shown = 8;
    if (names.size() <= shown) return listed(names);
    const std::vector<std::string> first(names.begin(), names.begin() + shown);
    return listed(first, ", ") + " and " + std::to_string(names.size() - shown) + " more";
}

}  // namespace heed
