#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace heed {

/// What equal texts have in common: two texts count as equal, when splits are drawn and compared, where they differ in
/// nothing but upper and lower case, the amount and kind of white space, and how accents are written (Unicode's NFC).
std::string text_key(std::string_view text);

/// Its hash (content_hash), by which texts are grouped and found again.
uint64_t text_hash(std::string_view text);

}  // namespace heed
