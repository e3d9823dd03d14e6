#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include "heed/core/error.h"

namespace heed::cuda {

/// Whether a library that is loaded at run time is to be used: "off" in the environment variable leaves it out, "on"
/// and nothing do not. Throws UserError for another value.
inline bool is_library_wanted(const char* variable) {
    const char* const text = std::getenv(variable);
    const std::string_view value = text ? text : "";
    if (value == "off") return false;
    if (value.empty() || value == "on") return true;
    throw UserError("The environment variable " + std::string(variable) + " must be on or off, but it is '" +
                    std::string(value) + "'.");
}

}  // namespace heed::cuda
