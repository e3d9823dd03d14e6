#pragma once

#include <string>

namespace heed {

/// What is known of a data set (a name of the catalogue or of the registry), of a folder or of a file. Returns the exit
/// code: 1 where `verify` finds files that are not as they should be.
int show_data_info(const std::string& name_or_path, bool verify, bool json);

}  // namespace heed
