#pragma once

#include <string>

namespace heed {

/// The file of a named experiment: experiments/NAME.yaml of this folder, of the folder that the program was built in,
/// or of what it was installed with. Throws UserError with the names that there are.
std::string experiment_file(const std::string& name);

}  // namespace heed
