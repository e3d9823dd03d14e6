#include "heed/datasets/text/tokenizers/sentencepiece_rules.h"

#include <fmt/core.h>
#include <utf8proc.h>

#include <array>
#include <map>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/text/tokenizers/utf8.h"

namespace heed {

namespace {

using CodePoints = std::vector<utf8proc_int32_t>;

CodePoints normalised(utf8proc_int32_t character, int form) {
    std::array<utf8proc_int32_t, 32> buffer;
    int last_class = UTF8PROC_BOUNDCLASS_START;
    utf8proc_ssize_t size =
        utf8proc_decompose_char(character, buffer.data(), static_cast<utf8proc_ssize_t>(buffer.size()),
                                static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE), &last_class);
    if (size > 0 && form == UTF8PROC_COMPOSE) {
        size = utf8proc_normalize_utf32(buffer.data(), size,
                                        static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    }
    if (size < 0) throw Error(fmt::format("Unicode normalisation failed: {}", utf8proc_errmsg(size)));
    return {buffer.begin(), buffer.begin() + size};
}

std::string hexadecimal(const CodePoints& characters) {
    std::string text;
    for (const utf8proc_int32_t character : characters) {
        text += fmt::format("{}{:X}", text.empty() ? "" : " ", character);
    }
    return text;
}

bool is_surrogate(utf8proc_int32_t character) {
    return character >= 0xd800 && character < 0xe000;
}

bool is_hangul(utf8proc_int32_t character) {
    return character >= 0xac00 && character < 0xd7a4;
}

}  // namespace

std::string sentencepiece_rules(bool lower) {
    std::map<CodePoints, CodePoints> rules;
    constexpr utf8proc_int32_t blank = 0x20;
    for (utf8proc_int32_t character = 1; character < 0x110000; ++character) {
        if (is_surrogate(character) || is_hangul(character)) continue;
        const auto wide = static_cast<char32_t>(character);
        const CodePoints self = {character};
        if (is_white_space(wide)) {
            if (character != blank) rules[self] = {blank};
            continue;
        }
        const utf8proc_property_t* property = utf8proc_get_property(character);
        if (property->category == UTF8PROC_CATEGORY_CC) {
            rules[self] = {};
            continue;
        }
        const char32_t target = lower ? lower_case(wide) : wide;
        const CodePoints composed = normalised(static_cast<utf8proc_int32_t>(target), UTF8PROC_COMPOSE);
        if (composed != self) rules[self] = composed;
        // The canonical form of a letter with an accent: the letter and the mark.
        const CodePoints apart = normalised(character, UTF8PROC_DECOMPOSE);
        if (apart != self && apart != composed) rules[apart] = composed;
    }
    std::string text;
    for (const auto& [source, target] : rules) text += hexadecimal(source) + "\t" + hexadecimal(target) + "\n";
    return text;
}

}  // namespace heed
