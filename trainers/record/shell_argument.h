#pragma once

#include <string>

namespace heed {

/// An argument as a shell takes it: in quotes where it needs some.
std::string shell_argument(const std::string& argument);

}  // namespace heed
