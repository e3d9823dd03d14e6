#include "heed/datasets/text/files/text_file.h"

#include <fmt/core.h>

#include <utility>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/files/byte_reader.h"
#include "heed/datasets/text/tokenizers/utf8.h"

namespace heed {

TextFile::TextFile(const std::filesystem::path& file) : name_(file.string()) {
    ByteReader reader(file);
    std::vector<uint8_t> block;
    constexpr uint64_t block_size = uint64_t{1} << 20;
    while (reader.read_into(block, block_size) > 0) {
        content_.append(reinterpret_cast<const char*>(block.data()), block.size());
    }
    check();
}

TextFile::TextFile(std::string name, std::string content) : name_(std::move(name)), content_(std::move(content)) {
    check();
}

void TextFile::check() {
    if (content_.starts_with("\xef\xbb\xbf")) content_.erase(0, 3);
    if (text_problem(content_).empty()) return;
    LineReader lines(content_);
    for (std::string_view line; lines.next(line);) {
        if (const std::string problem = text_problem(line); !problem.empty()) {
            fail(lines.number(), "expected UTF-8 text, found " + problem);
        }
    }
    throw Error(fmt::format("'{}' is not UTF-8 text", name_));
}

void TextFile::fail(int64_t line, const std::string& problem) const {
    throw UserError(fmt::format("'{}', line {}: {}", name_, line, problem));
}

std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

bool LineReader::next(std::string_view& line) {
    if (rest_.empty()) return false;
    line = take_line(rest_);
    ++number_;
    return true;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n\v\f";
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace heed
