#include "heed/trainers/metrics/tokenizer_13a.h"

namespace heed {

namespace {

bool is_ascii_digit(char32_t c) {
    return c >= '0' && c <= '9';
}

bool is_not_digit(char32_t c) {
    return !is_ascii_digit(c);
}

bool is_period_or_comma(char32_t c) {
    return c == '.' || c == ',';
}

bool is_dash(char32_t c) {
    return c == '-';
}

/// ASCII without letters, digits and ' , - . as the first pattern has it (the space is in it).
bool is_symbol(char32_t c) {
    return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') || (c >= '(' && c <= '+') ||
           (c >= ':' && c <= '@') || c == '/';
}

void replace_all(std::u32string& text, std::u32string_view from, std::u32string_view to) {
    size_t found = text.find(from);
    if (found == std::u32string::npos) return;
    std::u32string result;
    result.reserve(text.size());
    size_t at = 0;
    for (; found != std::u32string::npos; found = text.find(from, at)) {
        result.append(text, at, found - at).append(to);
        at = found + from.size();
    }
    text = std::move(result.append(text, at));
}

std::u32string separate_symbols(std::u32string_view text) {
    std::u32string result;
    result.reserve(text.size() * 2);
    for (char32_t c : text) {
        if (is_symbol(c)) {
            result.append({U' ', c, U' '});
        } else {
            result.push_back(c);
        }
    }
    return result;
}

/// Sets a space between the two characters of each pair that `first` and `second` accept, and another one before or
/// behind it. As with Python's re.sub, a character belongs to one pair at most.
template <class First, class Second>
std::u32string separate_pairs(const std::u32string& text, bool space_before, First first, Second second) {
    std::u32string result;
    result.reserve(text.size() + text.size() / 4);
    for (size_t i = 0; i < text.size(); ++i) {
        if (i + 1 == text.size() || !first(text[i]) || !second(text[i + 1])) {
            result.push_back(text[i]);
            continue;
        }
        if (space_before) result.push_back(' ');
        result.append({text[i], U' ', text[i + 1]});
        if (!space_before) result.push_back(' ');
        ++i;
    }
    return result;
}

}  // namespace

std::u32string separate_13a(std::u32string_view line) {
    std::u32string text(line);
    replace_all(text, U"<skipped>", U"");
    replace_all(text, U"-\n", U"");
    replace_all(text, U"\n", U" ");
    replace_all(text, U"&quot;", U"\"");
    replace_all(text, U"&amp;", U"&");
    replace_all(text, U"&lt;", U"<");
    replace_all(text, U"&gt;", U">");
    text = separate_symbols(U' ' + text + U' ');
    text = separate_pairs(text, false, is_not_digit, is_period_or_comma);
    text = separate_pairs(text, true, is_period_or_comma, is_not_digit);
    return separate_pairs(text, false, is_ascii_digit, is_dash);
}

}  // namespace heed
