#include "heed/core/settings/quote.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace heed {

namespace {

/// Bytes of the character that `text` begins with, and its code; 0 bytes where that is no UTF-8.
size_t first_character(std::string_view text, uint32_t& code) {
    const auto lead = static_cast<uint8_t>(text[0]);
    const size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (length == 0 || text.size() < length) return 0;
    code = length == 1 ? lead : lead & (0x7fU >> length);
    for (size_t i = 1; i < length; ++i) {
        const auto next = static_cast<uint8_t>(text[i]);
        if (next >> 6 != 2) return 0;
        code = code << 6 | (next & 0x3fU);
    }
    constexpr std::array<uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < least[length] || code > 0x10ffff || is_surrogate ? 0 : length;
}

bool is_hidden(uint32_t code) {
    const bool is_control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    const bool separates = code == 0x2028 || code == 0x2029;
    const bool turns = code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
                       (code >= 0x2066 && code <= 0x2069);
    return is_control || separates || turns || code == 0xfeff;
}

void add_code(std::string& result, uint32_t code) {
    std::array<char, 16> buffer{};
    std::snprintf(buffer.data(), buffer.size(), code < 0x80 ? "\\x%02x" : "\\u{%x}", static_cast<unsigned int>(code));
    result += buffer.data();
}

std::string shown(std::string_view text, bool keeps_lines) {
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        uint32_t code = 0;
        const size_t length = first_character(text, code);
        if (length == 0) {
            std::array<char, 8> buffer{};
            std::snprintf(buffer.data(), buffer.size(), "\\x%02x",
                          static_cast<unsigned int>(static_cast<uint8_t>(text[0])));
            result += buffer.data();
        } else if (!is_hidden(code) || (keeps_lines && text.starts_with("\n  "))) {
            result += text.substr(0, length);
        } else if (code == '\n') {
            result += "\\n";
        } else if (code == '\t') {
            result += "\\t";
        } else {
            add_code(result, code);
        }
        text.remove_prefix(std::max<size_t>(1, length));
    }
    return result;
}

}  // namespace

std::string printable(std::string_view text) {
    return shown(text, false);
}

bool is_printable(std::string_view text) {
    return shown(text, false) == text;
}

std::string printable_lines(std::string_view text) {
    return shown(text, true);
}

std::string quote(std::string_view text) {
    constexpr size_t longest = 80;
    if (text.size() <= longest) return "\"" + printable(text) + "\"";
    return "\"" + printable(text.substr(0, whole_characters(text, longest))) + "...\"";
}

size_t whole_characters(std::string_view text, size_t most) {
    if (text.size() <= most) return text.size();
    size_t end = most;
    while (end > 0 && most - end < 4 && (static_cast<uint8_t>(text[end]) & 0xc0U) == 0x80U) --end;
    return end;
}

}  // namespace heed
