#include "heed/trainers/recipe/yaml/yaml_faults.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "heed/core/settings/look_alikes.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"

namespace heed {
namespace {

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

size_t indentation_of(std::string_view line) {
    return std::min(line.find_first_not_of(' '), line.size());
}

/// What a line says, without its indentation.
std::string_view content_of(std::string_view line) {
    line.remove_prefix(indentation_of(line));
    while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
    return line;
}

/// The name that a content begins with.
std::string_view name_of(std::string_view content) {
    const auto* end = std::find_if_not(content.begin(), content.end(), is_name_character);
    return content.substr(0, static_cast<size_t>(end - content.begin()));
}

/// The name of `name: ...`; empty for other contents.
std::string_view key_of(std::string_view content) {
    const std::string_view name = name_of(content);
    const std::string_view rest = content.substr(name.size());
    return rest == ":" || rest.starts_with(": ") ? name : std::string_view{};
}

/// What follows the key of `name: ...`.
std::string_view value_of(std::string_view content) {
    return content_of(content.substr(std::min(content.size(), key_of(content).size() + 1)));
}

/// Where the text in quotes at the front of `text` ends; none where it goes on.
std::optional<size_t> end_of_quote(std::string_view text, char mark, size_t at) {
    for (; at < text.size(); at++) {
        if (mark == '"' && text[at] == '\\') {
            at++;
        } else if (text[at] == mark) {
            const bool doubled = mark == '\'' && at + 1 < text.size() && text[at + 1] == mark;
            if (!doubled) return at;
            at++;
        }
    }
    return std::nullopt;
}

std::string spaces(size_t count) {
    return count == 0 ? "no space" : count == 1 ? "1 space" : std::to_string(count) + " spaces";
}

std::string with_key(const YamlLines& lines, int line) {
    const std::string key = lines.key(line);
    return key.empty() ? "" : key + ": ";
}

/// The indentations at which a key may stand on this line, from the least.
std::vector<size_t> open_indentations(const YamlLines& lines, int line) {
    std::vector<size_t> open;
    for (int i = lines.last_content(line - 1); i >= 0; i = lines.last_content(i - 1)) {
        const size_t indentation = indentation_of(lines.at(i));
        if (open.empty() || indentation < open.back()) open.push_back(indentation);
    }
    std::reverse(open.begin(), open.end());
    return open;
}

/// A missing space after a colon on this line or the one above, which it makes a text over two lines.
std::optional<YamlFault> separator_fault(const YamlLines& lines, int line) {
    for (const int at : {line, lines.last_content(line - 1)}) {
        if (at < 0) continue;
        std::string what = missing_separator(content_of(lines.at(at)));
        if (!what.empty()) return YamlFault{at, std::move(what)};
    }
    return std::nullopt;
}

std::optional<YamlFault> quote_fault(const YamlLines& lines, int line) {
    for (const int at : {line, lines.last_content(line - 1)}) {
        if (at < 0) continue;
        const std::string_view value = value_of(content_of(lines.at(at)));
        const bool quoted = value.starts_with('"') || value.starts_with('\'');
        if (!quoted) continue;
        const auto end = end_of_quote(value, value[0], 1);
        if (!end) return YamlFault{at, with_key(lines, at) + "expected a quote at its end, got " + quote(value)};
        const std::string_view rest = content_of(value.substr(*end + 1));
        if (!rest.empty() && !rest.starts_with('#')) {
            return YamlFault{at, with_key(lines, at) + "expected nothing after the quote, got " + quote(rest)};
        }
    }
    return std::nullopt;
}

std::optional<YamlFault> indentation_fault(const YamlLines& lines, int line) {
    const std::vector<size_t> open = open_indentations(lines, line);
    const size_t own = indentation_of(lines.at(line));
    if (open.empty() || content_of(lines.at(line)).empty()) return std::nullopt;
    const std::string_view above = content_of(lines.at(lines.last_content(line - 1)));
    if (own > open.back() && above.ends_with(':')) return std::nullopt;
    if (std::find(open.begin(), open.end(), own) != open.end()) return std::nullopt;
    std::vector<std::string> expected;
    for (const size_t indentation : open) {
        if (own > open.back() && indentation != open.back()) continue;
        expected.push_back(spaces(indentation));
    }
    return YamlFault{line, "expected " + listed(expected, " or ") + " before " +
                               quote(name_of(content_of(lines.at(line)))) + ", as in the lines above, got " +
                               (own == 0 ? "none" : std::to_string(own))};
}

std::optional<YamlFault> second_colon_fault(const YamlLines& lines, int line) {
    const std::string_view value = value_of(content_of(lines.at(line)));
    const std::string_view plain = value.substr(0, value.find(" #"));
    const bool has_colon = plain.find(": ") != std::string_view::npos || plain.ends_with(':');
    if (key_of(content_of(lines.at(line))).empty() || !has_colon) return std::nullopt;
    if (plain.starts_with('{') || plain.starts_with('[')) {
        return YamlFault{line,
                         with_key(lines, line) + "expected nothing after the bracket that closes, got " + quote(plain)};
    }
    return YamlFault{line, with_key(lines, line) + "expected one value, got " + quote(plain) +
                               " (a text with a colon at its end or before a space stands in quotes)"};
}

/// A list or a group in brackets that is not closed: told where it begins.
YamlFault bracket_fault(const YamlLines& lines, int line, int column, bool is_list) {
    const char bracket = is_list ? '[' : '{';
    size_t from = std::min(lines.at(line).size(), static_cast<size_t>(column));
    while (from > 0 && is_name_character(lines.at(line)[from - 1])) from--;
    const std::string_view got = content_of(lines.at(line).substr(from));
    int start = std::min(line, lines.count() - 1);
    while (start > 0 && lines.at(start).find(bracket) == std::string_view::npos) start--;
    return {start, with_key(lines, start) + "expected " +
                       (is_list ? "\",\" or \"]\" in the list" : "\",\" or \"}\" in the group") + ", got " +
                       (got.empty() ? "the end of the file" : quote(got))};
}

}  // namespace

YamlLines::YamlLines(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines_.push_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

std::string_view YamlLines::at(int line) const {
    return line >= 0 && line < count() ? lines_[static_cast<size_t>(line)] : std::string_view{};
}

int YamlLines::last_content(int line) const {
    for (line = std::min(line, count() - 1); line >= 0; line--) {
        const std::string_view content = content_of(at(line));
        if (!content.empty() && !content.starts_with('#')) return line;
    }
    return -1;
}

std::string YamlLines::key(int line) const {
    std::string result;
    size_t limit = std::string_view::npos;
    for (int i = last_content(line); i >= 0 && limit > 0; i = last_content(i - 1)) {
        const size_t indentation = indentation_of(at(i));
        const std::string_view name = key_of(content_of(at(i)));
        if (indentation >= limit || name.empty()) continue;
        limit = indentation;
        result = std::string(name) + (result.empty() ? "" : "." + result);
    }
    return result;
}

bool YamlLines::closes_quote(int line, int column) const {
    std::string_view text = at(line);
    const auto start = static_cast<size_t>(column);
    if (start >= text.size() || (text[start] != '"' && text[start] != '\'')) return true;
    const char mark = text[start];
    for (size_t from = start + 1; line < count(); from = 0) {
        if (end_of_quote(at(line), mark, from)) return true;
        line++;
    }
    return false;
}

YamlFault explain_fault(const YamlLines& lines, int line, int column, std::string_view message) {
    const std::string_view got =
        content_of(lines.at(line).substr(std::min(lines.at(line).size(), static_cast<size_t>(column))));
    if (message.starts_with("end of map flow") || message.starts_with("end of sequence flow")) {
        return bracket_fault(lines, line, column, message.starts_with("end of sequence"));
    }
    if (message.starts_with("unknown escape character")) {
        return {line, with_key(lines, line) +
                          "expected after \"\\\" in double quotes what YAML knows, such as \\\\ or \\n, got " +
                          quote(message.substr(message.rfind(' ') + 1)) + " (single quotes leave a \"\\\" as it is)"};
    }
    if (message == "unknown token") {
        return {line, with_key(lines, line) + "expected a value, got " + quote(got) + " (a text that begins with " +
                          quote(got.substr(0, 1)) + " stands in quotes)"};
    }
    if (message == "the referenced anchor is not defined") return {line, "aliases (*name) are not used in recipes"};
    if (const auto fault = separator_fault(lines, line)) return *fault;
    if (const auto fault = quote_fault(lines, line)) return *fault;
    if (const auto fault = indentation_fault(lines, line)) return *fault;
    if (const auto fault = second_colon_fault(lines, line)) return *fault;
    return {line, with_key(lines, line) + "expected YAML, got " + quote(content_of(lines.at(line))) + " (" +
                      std::string(message) + ")"};
}

std::string missing_separator(std::string_view text) {
    const auto* end =
        std::find_if_not(text.begin(), text.end(), [](char c) { return is_name_character(c) || c == '.'; });
    const std::string name(text.begin(), end);
    const std::string_view rest = text.substr(name.size());
    const bool is_name = name.size() > 1 && (name[0] < '0' || name[0] > '9');  // C:\data is a path
    if (!is_name || rest.size() < 2) return "";
    const bool foreign = static_cast<signed char>(rest[0]) < 0;
    if (rest[0] == '=' || rest[0] == ';' || (foreign && ascii_twin(rest).starts_with(":"))) {
        return "expected a colon and a space after " + name + ", got " + quote(text) +
               (foreign ? foreign_character(rest) : "");
    }
    if (rest[0] != ':' || rest[1] == ':' || rest[1] == '/' || rest[1] == ' ' || rest[1] == '\t') return "";
    const std::string blank = blank_look_alike(rest.substr(1));
    return "expected a space after " + name + ":, got " + (blank.empty() ? quote(text) : blank);
}

bool is_in_typographic_quotes(std::string_view text) {
    constexpr std::array<std::string_view, 6> opening = {"“", "”", "„", "‟", "‘", "‚"};
    constexpr std::array<std::string_view, 5> closing = {"”", "“", "‟", "’", "‘"};
    const auto begins = [&](std::string_view mark) { return text.starts_with(mark); };
    const auto ends = [&](std::string_view mark) { return text.ends_with(mark); };
    return std::any_of(opening.begin(), opening.end(), begins) && std::any_of(closing.begin(), closing.end(), ends);
}

}  // namespace heed
