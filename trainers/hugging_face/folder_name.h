#pragma once

#include <string>

namespace heed {

/// The last part of a path, also of "." and "model/": what a model is called that was imported from there.
std::string name_of_folder(const std::string& folder);

}  // namespace heed
