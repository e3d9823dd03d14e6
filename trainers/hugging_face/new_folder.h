#pragma once

#include <string>

namespace heed {

/// Throws UserError unless `folder`, which the command line gave as `what` ("--to"), does not exist or is empty.
void check_new_folder(const std::string& folder, const std::string& what);

}  // namespace heed
