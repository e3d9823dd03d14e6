#pragma once

#include <string>
#include <string_view>

namespace heed {

/// The text as plain ASCII keys would have typed it, in lower case: letters of other alphabets that look like Latin
/// ones, full-width forms, accents, dashes and blanks become what they look like; quotation marks and invisible
/// characters go. What looks like nothing in ASCII stays.
std::string ascii_twin(std::string_view text);

/// ", whose \"о\" is U+043E": names the first character beyond ASCII, which the eye may take for another; empty where
/// there is none.
std::string foreign_character(std::string_view text);

/// "a no-break space (U+00A0)" when the text begins with a character that looks like a blank, or like nothing at all,
/// and is no ASCII; else empty.
std::string blank_look_alike(std::string_view text);

/// The same for the end of the text.
std::string blank_look_alike_at_end(std::string_view text);

}  // namespace heed
