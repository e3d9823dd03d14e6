#include "heed/trainers/metrics/python_text.h"

#include <cstddef>

namespace heed {

namespace {

constexpr char32_t not_utf8 = 0xFFFFFFFF;

struct DecodedCharacter {
    char32_t code = not_utf8;  // not_utf8 when the bytes are no valid sequence
    size_t bytes = 1;
};

/// The character that begins at `at`, by table 3-7 of the Unicode standard.
DecodedCharacter decode_character(std::string_view utf8, size_t at) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(utf8[i]); };
    const unsigned lead = byte(at);
    if (lead < 0x80) return {lead, 1};
    if (lead < 0xC2 || lead > 0xF4) return {};
    const size_t bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (utf8.size() - at < bytes) return {};
    // The second byte keeps out overlong forms, surrogates and what is above U+10FFFF.
    const unsigned least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned greatest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (byte(at + 1) < least || byte(at + 1) > greatest) return {};
    char32_t code = lead & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; ++i) {
        const unsigned next = byte(at + i);
        if ((next & 0xC0) != 0x80) return {};
        code = code << 6 | (next & 0x3F);
    }
    return {code, bytes};
}

}  // namespace

std::u32string python_text(std::string_view utf8) {
    std::u32string text;
    text.reserve(utf8.size());
    for (size_t at = 0; at < utf8.size();) {
        const DecodedCharacter character = decode_character(utf8, at);
        const bool valid = character.code != not_utf8;
        text.push_back(valid ? character.code : 0xDC00 + static_cast<unsigned char>(utf8[at]));
        at += character.bytes;
    }
    return text;
}

bool is_python_space(char32_t c) {
    if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

std::vector<std::u32string_view> python_split(std::u32string_view text) {
    std::vector<std::u32string_view> parts;
    for (size_t at = 0; at < text.size();) {
        if (is_python_space(text[at])) {
            ++at;
            continue;
        }
        const size_t begin = at;
        while (at < text.size() && !is_python_space(text[at])) ++at;
        parts.push_back(text.substr(begin, at - begin));
    }
    return parts;
}

std::u32string_view python_rstrip(std::u32string_view text) {
    while (!text.empty() && is_python_space(text.back())) text.remove_suffix(1);
    return text;
}

}  // namespace heed
