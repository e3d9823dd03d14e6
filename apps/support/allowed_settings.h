#pragma once

#include <string>
#include <vector>

namespace heed {

/// Throws UserError, which begins with `sentence` ("heed eval measures ... as"), with the nearest name, where a setting
/// "key=value" has none of the allowed keys. "decoding.*" allows all keys of that section.
void check_allowed_settings(const std::vector<std::string>& settings, const std::vector<std::string>& allowed,
                            const std::string& sentence);

}  // namespace heed
