#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace heed {

/// The text fit for element content and quoted attributes of an HTML page. Control characters, which HTML does not
/// know, become U+FFFD.
std::string escape_html(std::string_view text);

/// `4,321`.
std::string group_digits(int64_t number);

/// `91.3 %` of the fraction 0.913; `over 99.9 %` where less than all would be rounded to it; "not a number" where it is
/// none.
std::string percent_text(double fraction, int decimals);

/// `48 s`, `3 min 12 s`, `2 h 5 min`.
std::string duration_text(double seconds);

/// `8.3 us`, `1.23 ms`; from a second on as duration_text.
std::string short_time_text(double seconds);

/// `512 kB`, `1.8 GB`: powers of 1000.
std::string bytes_text(int64_t bytes);

/// RFC 4648, with padding.
std::string base64(std::span<const uint8_t> bytes);

}  // namespace heed
