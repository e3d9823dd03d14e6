#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "heed/attention/capabilities.h"

namespace heed {

/// "noncausal_self": the pattern in files.
const char* pattern_key(AttentionPattern pattern);

/// "NS", "CS", "NC" or "CC", as in CAB.
const char* pattern_initials(AttentionPattern pattern);

/// Nothing where no pattern has this key.
std::optional<AttentionPattern> pattern_of_key(std::string_view key);

/// All keys.
std::vector<std::string> pattern_keys();

}  // namespace heed
