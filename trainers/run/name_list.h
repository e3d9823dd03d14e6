#pragma once

#include <string>
#include <vector>

namespace heed {

/// "a, b and 4 more": the first names of a list that may be long.
std::string shortened(const std::vector<std::string>& names);

}  // namespace heed
