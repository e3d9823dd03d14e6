#pragma once

#include <string>
#include <vector>

namespace heed {

/// All combinations of the values of some settings: "a=1,2" and "b=x,y" give {a=1, b=x}, {a=1, b=y}, {a=2, b=x},
/// {a=2, b=y}; without settings one that is empty. Throws UserError where a value is empty or given twice.
std::vector<std::vector<std::string>> grid_points(const std::vector<std::string>& grid);

}  // namespace heed
