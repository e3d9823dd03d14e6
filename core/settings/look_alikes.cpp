#include "heed/core/settings/look_alikes.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "heed/core/settings/quote.h"

namespace heed {
namespace {

using Pair = std::pair<char32_t, char>;

/// Small letters (those of capitals that look so are among them) which Unicode's compatibility mapping leaves alone.
constexpr std::array<Pair, 43> letters = {{
    {U'а', 'a'}, {U'в', 'b'}, {U'г', 'r'}, {U'е', 'e'}, {U'һ', 'h'}, {U'и', 'u'}, {U'і', 'i'}, {U'ј', 'j'}, {U'к', 'k'},
    {U'м', 'm'}, {U'н', 'h'}, {U'о', 'o'}, {U'п', 'n'}, {U'р', 'p'}, {U'ԛ', 'q'}, {U'ѕ', 's'}, {U'с', 'c'}, {U'т', 't'},
    {U'у', 'y'}, {U'ѵ', 'v'}, {U'ԝ', 'w'}, {U'х', 'x'}, {U'ԁ', 'd'}, {U'α', 'a'}, {U'β', 'b'}, {U'ε', 'e'}, {U'η', 'n'},
    {U'ι', 'i'}, {U'κ', 'k'}, {U'μ', 'm'}, {U'ν', 'v'}, {U'ο', 'o'}, {U'ρ', 'p'}, {U'σ', 'o'}, {U'τ', 't'}, {U'υ', 'u'},
    {U'χ', 'x'}, {U'ω', 'w'}, {U'ζ', 'z'}, {U'γ', 'y'}, {U'ı', 'i'}, {U'ł', 'l'}, {U'ø', 'o'},
}};

bool is_quotation_mark(char32_t c) {
    return (c >= 0x2018 && c <= 0x201f) || c == U'«' || c == U'»' || c == U'‹' || c == U'›';
}

bool is_dash(char32_t c) {
    return (c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0x2043;
}

std::string in_utf8(char32_t character) {
    std::array<utf8proc_uint8_t, 4> bytes{};
    const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(character), bytes.data());
    return {reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(length)};
}

/// Removes the first character; 0 where the text does not begin with one.
char32_t take(std::string_view& text) {
    utf8proc_int32_t character = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                         static_cast<utf8proc_ssize_t>(text.size()), &character);
    text.remove_prefix(length > 0 ? static_cast<size_t>(length) : 1);
    return length > 0 ? static_cast<char32_t>(character) : 0;
}

/// Compatibility forms resolved, marks and invisible characters off, in lower case; the text itself where it is no
/// UTF-8.
std::string folded(std::string_view text) {
    constexpr auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE |
                                                            UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    utf8proc_uint8_t* result = nullptr;
    const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &result, options);
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(result, &std::free);
    if (size < 0) return std::string(text);
    return {reinterpret_cast<const char*>(result), static_cast<size_t>(size)};
}

std::string name_of_blank(char32_t c) {
    const auto* property = utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
    const bool is_space = property->category == UTF8PROC_CATEGORY_ZS;
    if (c < 0x80 || (!is_space && !property->ignorable)) return "";
    const char* name = !is_space                  ? "an invisible character"
                       : c == 0xa0 || c == 0x202f ? "a no-break space"
                                                  : "a space of another width";
    return fmt::format("{} (U+{:04X})", name, static_cast<uint32_t>(c));
}

}  // namespace

std::string ascii_twin(std::string_view text) {
    const std::string source = folded(text);
    std::string result;
    for (std::string_view rest = source; !rest.empty();) {
        const std::string_view before = rest;
        const char32_t c = take(rest);
        const auto* letter = std::find_if(letters.begin(), letters.end(), [&](const Pair& p) { return p.first == c; });
        if (letter != letters.end()) {
            result += letter->second;
        } else if (is_dash(c)) {
            result += '-';
        } else if (!is_quotation_mark(c)) {
            result += before.substr(0, before.size() - rest.size());
        }
    }
    const size_t first = result.find_first_not_of(' ');
    return first == std::string::npos ? "" : result.substr(first, result.find_last_not_of(' ') + 1 - first);
}

std::string foreign_character(std::string_view text) {
    while (!text.empty()) {
        const char32_t c = take(text);
        if (c < 0x80) continue;
        const std::string blank = name_of_blank(c);
        if (!blank.empty()) return ", which holds " + blank;
        return fmt::format(", whose {} is U+{:04X}", quote(in_utf8(c)), static_cast<uint32_t>(c));
    }
    return "";
}

std::string blank_look_alike(std::string_view text) {
    return text.empty() ? "" : name_of_blank(take(text));
}

std::string blank_look_alike_at_end(std::string_view text) {
    char32_t last = 0;
    while (!text.empty()) last = take(text);
    return name_of_blank(last);
}

}  // namespace heed
