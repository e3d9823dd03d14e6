#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heed {

/// UTF-8 as the code points that Python sees. A byte that belongs to no valid sequence becomes U+DC00 + byte (Python's
/// "surrogateescape"), so that broken text can be scored and equals nothing but itself.
std::u32string python_text(std::string_view utf8);

/// Python's str.isspace for one character.
bool is_python_space(char32_t character);

/// Python's str.split(): the parts between runs of white space, none of them empty. They point into `text`.
std::vector<std::u32string_view> python_split(std::u32string_view text);

/// Python's str.rstrip().
std::u32string_view python_rstrip(std::u32string_view text);

}  // namespace heed
