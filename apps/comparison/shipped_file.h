#pragma once

#include <string>

namespace heed {

/// A named file that comes with Heed: "experiments/NAME.yaml" of this folder, of the folder that the program was built
/// in, or of what it was installed with. `what` it is ("experiment") stands in the errors. Throws UserError with the
/// names that there are.
std::string shipped_file(const std::string& folder, const std::string& what, const std::string& name);

}  // namespace heed
