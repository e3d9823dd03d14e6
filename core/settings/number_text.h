#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace heed {

/// Strict decimal whole number: an optional minus and digits without leading zeros. No octal, hexadecimal, spaces, plus
/// sign or anything behind the number. False (and `value` untouched) when the text is none or does not fit.
bool parse_int(std::string_view text, int64_t& value);

/// Strict decimal number such as 3, -0.5, .5 or 1e-3, by the same rules; always finite.
bool parse_double(std::string_view text, double& value);

/// Reads a share: a number by the rules of parse_double, or percent ("12.5%", without an exponent), which are a
/// hundredth of it, correctly rounded.
bool parse_share(std::string_view text, double& value);

/// Shortest text that parse_double reads back to the same value, in every locale. "nan", "inf" and "-inf" for the
/// others.
std::string format_double(double value);

}  // namespace heed
