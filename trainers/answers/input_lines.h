#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace heed {

/// A line without its end, and where it stands: "standard input:3".
struct InputLine {
    std::string text, place;
};

/// Reads files (none, or "-": standard input) line by line and hands on all lines that are there, at most `most` at a
/// time, in order: whoever writes a line into a pipe and waits gets its answer. Throws UserError, with file and line,
/// for broken UTF-8, a NUL byte and a line of more than a mebibyte; the lines before it are answered first.
void answer_lines(const std::vector<std::string>& files, std::size_t most,
                  const std::function<void(const std::vector<InputLine>&)>& answer);

}  // namespace heed
