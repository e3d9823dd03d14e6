#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace heed {

/// A text file in memory: plain, gzip or xz, UTF-8 without NUL bytes; a byte order mark at its beginning is taken off.
class TextFile {
public:
    /// UserError, with file and line, where the file is missing or damaged, broken UTF-8 or a NUL byte stands in it.
    explicit TextFile(const std::filesystem::path& file);

    /// The same for content from elsewhere, such as an archive; `name` stands in the errors.
    TextFile(std::string name, std::string content);

    const std::string& name() const { return name_; }
    std::string_view content() const { return content_; }

    /// Throws a UserError that begins with "'NAME', line N: ".
    [[noreturn]] void fail(int64_t line, const std::string& problem) const;

private:
    void check();

    std::string name_;
    std::string content_;
};

/// Takes the next line off `rest`, without its end ("\n" or "\r\n").
std::string_view take_line(std::string_view& rest);

/// Goes through a text line by line; "\n" and "\r\n" end a line, the last one may lack it.
class LineReader {
public:
    explicit LineReader(std::string_view text) : rest_(text) {}

    /// Puts the next line, without its end, into `line`; false at the end of the text.
    bool next(std::string_view& line);

    /// Number of the line that came last, from 1.
    int64_t number() const { return number_; }

private:
    std::string_view rest_;
    int64_t number_ = 0;
};

/// Without white space at both ends (ASCII).
std::string_view trimmed(std::string_view text);

}  // namespace heed
