#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace heed {

/// Text that came from outside - names of files, classes, columns, tensors, archive entries, what was typed - as it may
/// stand in one line on a screen, in a log or in an error: control characters (those of U+0080 to U+009F too), line and
/// paragraph separators and marks that change the direction of writing are shown as \n, \t, \x1b or \u{202e}, bytes
/// that are no UTF-8 as \xff. All else stays as it is.
std::string printable(std::string_view text);

/// Whether printable leaves the text as it is.
bool is_printable(std::string_view text);

/// The same for a message of ours: its lines stay apart, which go on with two spaces after each line break.
std::string printable_lines(std::string_view text);

/// The text in double quotes, printable, and cut where it is long.
std::string quote(std::string_view text);

/// The largest size of at most `most` bytes at which UTF-8 text is not cut within a character.
size_t whole_characters(std::string_view text, size_t most);

}  // namespace heed
