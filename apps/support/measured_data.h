#pragma once

#include <string>
#include <vector>

#include "heed/trainers/kinds/workload.h"

namespace heed {

/// The settings with data.root where they do not have it: a checkpoint tells no folders; the recipe of the run that it
/// lies in says where its data are. A test file without a folder is the one that lies where the command is called, if
/// there is one.
std::vector<std::string> with_data_folder(const std::string& target, std::vector<std::string> settings);

/// Throws UserError where the split of a run's own data is empty.
void check_has_samples(Workload& workload, Split split);

/// The split of that name; test where there is none.
Split split_named(const std::string& name);

}  // namespace heed
