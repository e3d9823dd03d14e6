#include "heed/datasets/text/tokenizers/utf8.h"

#include <fmt/core.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include "heed/core/error.h"

namespace heed {

namespace {

const utf8proc_uint8_t* utf8_bytes(std::string_view text) {
    return reinterpret_cast<const utf8proc_uint8_t*>(text.data());
}

/// The text in another form of Unicode.
std::string mapped(std::string_view text, int form) {
    utf8proc_uint8_t* bytes = nullptr;
    const utf8proc_ssize_t size = utf8proc_map(utf8_bytes(text), static_cast<utf8proc_ssize_t>(text.size()), &bytes,
                                               static_cast<utf8proc_option_t>(UTF8PROC_STABLE | form));
    if (size < 0) throw Error(fmt::format("Unicode normalisation failed: {}", utf8proc_errmsg(size)));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&free)> owner(bytes, &free);
    return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

}  // namespace

std::string text_problem(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte == 0) return fmt::format("a NUL byte at byte {}", i + 1);
        if (byte < 0x80) {
            ++i;
            continue;
        }
        utf8proc_int32_t character = 0;
        const utf8proc_ssize_t size =
            utf8proc_iterate(utf8_bytes(text) + i, static_cast<utf8proc_ssize_t>(text.size() - i), &character);
        if (size <= 0) return fmt::format("broken UTF-8 (byte 0x{:02x}) at byte {}", byte, i + 1);
        i += static_cast<std::size_t>(size);
    }
    return "";
}

char32_t take_character(std::string_view& text) {
    if (static_cast<unsigned char>(text.front()) < 0x80) {
        const auto character = static_cast<char32_t>(text.front());
        text.remove_prefix(1);
        return character;
    }
    utf8proc_int32_t character = 0;
    const utf8proc_ssize_t size =
        utf8proc_iterate(utf8_bytes(text), static_cast<utf8proc_ssize_t>(text.size()), &character);
    if (size <= 0) throw Error("take_character expects valid UTF-8");
    text.remove_prefix(static_cast<std::size_t>(size));
    return static_cast<char32_t>(character);
}

void append_character(std::string& text, char32_t character) {
    std::array<utf8proc_uint8_t, 4> bytes;
    const utf8proc_ssize_t size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(character), bytes.data());
    text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

char32_t lower_case(char32_t character) {
    if (character < 0x80) return character >= 'A' && character <= 'Z' ? character + 32 : character;
    return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(character)));
}

std::string lower_case(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) append_character(result, lower_case(take_character(text)));
    return result;
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
}

std::string on_one_line(std::string_view text) {
    std::string line;
    line.reserve(text.size());
    while (!text.empty()) {
        const char32_t character = take_character(text);
        const bool is_break =
            character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x2028 || character == 0x2029;
        append_character(line, is_break ? U' ' : character);
    }
    return line;
}

std::string composed(std::string_view text) {
    return mapped(text, UTF8PROC_COMPOSE);
}

std::string without_accents(std::string_view text) {
    const std::string decomposed = mapped(text, UTF8PROC_DECOMPOSE);
    std::string_view rest = decomposed;
    std::string result;
    while (!rest.empty()) {
        const char32_t character = take_character(rest);
        if (utf8proc_category(static_cast<utf8proc_int32_t>(character)) != UTF8PROC_CATEGORY_MN) {
            append_character(result, character);
        }
    }
    return result;
}

bool is_white_space(char32_t character) {
    if (character < 0x80) return character == ' ' || (character >= 9 && character <= 13);
    if (character == 0x85) return true;
    const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(character));
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

bool is_punctuation(char32_t character) {
    if (character < 0x80) {
        return (character >= 33 && character <= 47) || (character >= 58 && character <= 64) ||
               (character >= 91 && character <= 96) || (character >= 123 && character <= 126);
    }
    const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(character));
    return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool is_letter(char32_t character) {
    const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(character));
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_ME;
}

bool is_control(char32_t character) {
    if (is_white_space(character)) return false;
    if (character < 0x80) return character < 32 || character == 127;
    const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(character));
    return category == UTF8PROC_CATEGORY_CN || category >= UTF8PROC_CATEGORY_CC;
}

bool is_chinese(char32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B820 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

}  // namespace heed
