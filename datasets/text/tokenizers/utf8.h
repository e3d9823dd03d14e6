#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace heed {

/// Why a text cannot be used: "broken UTF-8 (byte 0xff) at byte 12", "a NUL byte at byte 3" (bytes counted from 1);
/// empty where it can.
std::string text_problem(std::string_view text);

/// Takes the first character off `text`, which is valid UTF-8 and not empty.
char32_t take_character(std::string_view& text);

/// Appends a character as UTF-8.
void append_character(std::string& text, char32_t character);

/// The text with each character in lower case (Unicode's simple, one-to-one mapping; no language has rules of its own).
std::string lower_case(std::string_view text);
char32_t lower_case(char32_t character);

/// Whether all bytes are below 0x80.
bool is_ascii(std::string_view text);

/// The text with a blank for each control character and line or paragraph separator, so that it is one line.
std::string on_one_line(std::string_view text);

/// Canonical composition (Unicode's NFC): a letter and its combining marks become one character where there is one.
std::string composed(std::string_view text);

/// Canonical decomposition without its combining marks: "canción" becomes "cancion".
std::string without_accents(std::string_view text);

/// White space: blanks, line ends and all that Unicode calls a separator.
bool is_white_space(char32_t character);

/// Punctuation as BERT has it: every ASCII character that is neither letter, digit, blank nor control, and all that
/// Unicode calls punctuation.
bool is_punctuation(char32_t character);

/// Letters and combining marks (Unicode's categories L* and M*).
bool is_letter(char32_t character);

/// Control, format, private and unassigned characters, except white space.
bool is_control(char32_t character);

/// Chinese characters (the CJK blocks that BERT separates one by one).
bool is_chinese(char32_t character);

}  // namespace heed
