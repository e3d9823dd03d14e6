#pragma once

#include <string>
#include <string_view>

namespace heed {

/// The text in double quotes, fit for one line of an error message: control characters are shown as \n, \t or \x1b, and
/// long text is cut.
std::string quote(std::string_view text);

}  // namespace heed
