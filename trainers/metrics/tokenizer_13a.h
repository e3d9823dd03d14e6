#pragma once

#include <string>
#include <string_view>

namespace heed {

/// The tokenisation "13a" of sacreBLEU, equal to that of mteval-v13a.pl: puts white space around punctuation and
/// replaces four HTML entities. The tokens are the parts of the result between white space.
std::u32string separate_13a(std::u32string_view line);

}  // namespace heed
