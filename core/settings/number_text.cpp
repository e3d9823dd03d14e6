#include "heed/core/settings/number_text.h"

#include <charconv>
#include <cmath>

namespace heed {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

size_t count_digits(std::string_view text) {
    size_t count = 0;
    while (count < text.size() && is_digit(text[count])) count++;
    return count;
}

/// Removes the digits at the front; false when they have a leading zero (which others read as octal).
bool take_whole_part(std::string_view& text, size_t& digits) {
    digits = count_digits(text);
    if (digits > 1 && text[0] == '0') return false;
    text.remove_prefix(digits);
    return true;
}

bool is_decimal(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    size_t whole = 0;
    if (!take_whole_part(text, whole)) return false;
    size_t fraction = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        fraction = count_digits(text);
        text.remove_prefix(fraction);
    }
    if (whole + fraction == 0) return false;
    if (text.empty()) return true;
    if (text[0] != 'e' && text[0] != 'E') return false;
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    return !text.empty() && count_digits(text) == text.size();
}

}  // namespace

bool parse_int(std::string_view text, int64_t& value) {
    std::string_view rest = text;
    if (rest.starts_with('-')) rest.remove_prefix(1);
    size_t digits = 0;
    if (!take_whole_part(rest, digits) || digits == 0 || !rest.empty()) return false;
    int64_t parsed = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), parsed).ec != std::errc()) return false;
    value = parsed;
    return true;
}

bool parse_double(std::string_view text, double& value) {
    if (!is_decimal(text)) return false;
    double parsed = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), parsed).ec != std::errc()) return false;
    if (!std::isfinite(parsed)) return false;
    value = parsed;
    return true;
}

bool parse_share(std::string_view text, double& value) {
    if (!text.ends_with('%')) return parse_double(text, value);
    text.remove_suffix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    if (text.find_first_of("eE") != std::string_view::npos) return false;
    return parse_double(std::string(text) + "e-2", value);
}

std::string format_double(double value) {
    if (std::isnan(value)) return "nan";
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
    return std::string(buffer, end.ptr);
}

}  // namespace heed
