#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heed {

/// The lines of a recipe's text, counted from 0, without line ends and a byte order mark in front.
class YamlLines {
public:
    explicit YamlLines(std::string_view text);

    int count() const { return static_cast<int>(lines_.size()); }
    /// Empty behind the last line.
    std::string_view at(int line) const;
    /// The last line up to `line` that is more than blanks and a comment; -1 when there is none.
    int last_content(int line) const;
    /// The dotted name of the key on that line, or around it where the line begins with no key.
    std::string key(int line) const;
    /// Whether the quotation mark there has one that ends its text, if need be some lines below.
    bool closes_quote(int line, int column) const;

private:
    std::vector<std::string_view> lines_;
};

/// A fault of the syntax in words: the line where it is mended (from 0), the key, what was expected and what came.
struct YamlFault {
    int line = 0;
    std::string what;
};

/// What stands behind an error of yaml-cpp, which names a place after the fault and says it in the words of a parser.
YamlFault explain_fault(const YamlLines& lines, int line, int column, std::string_view message);

/// What is wrong with "threads:1", "threads=1" and the like, where a colon and a space are wanted; empty for other
/// texts.
std::string missing_separator(std::string_view text);

/// Whether an editor has turned the straight quotes around a text into typographic ones.
bool is_in_typographic_quotes(std::string_view text);

}  // namespace heed
