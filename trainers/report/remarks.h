#pragma once

#include <string>
#include <vector>

namespace heed {

/// A section of the report that lists what a user should know of the data.
std::string data_remarks_html(const std::vector<std::string>& remarks);

}  // namespace heed
