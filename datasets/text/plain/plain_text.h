#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "heed/datasets/text/plain/documents.h"

namespace heed {

/// Text without labels, in documents.
struct PlainText {
    std::vector<std::string> documents;

    int64_t size() const { return static_cast<int64_t>(documents.size()); }
    int64_t bytes() const;
};

/// An opened data set of plain texts; validation may be empty.
struct PlainTextData {
    std::string name;
    std::string origin;  ///< the files that were read
    PlainText train, validation, test;
    /// What a user should know of the texts, a sentence each.
    std::vector<std::string> remarks;
};

/// What bytes a text may have: any, or those of UTF-8 without NUL.
enum class TextBytes { any, utf8 };

/// Reads the files (plain, .gz or .xz), of folders all of them by their names, in the order given. Where documents do
/// not end with files, a line without an end at that of a file goes on with the next. UserError where a file is
/// missing, damaged, empty or, without TextBytes::any, not UTF-8 (a byte order mark is then taken off).
PlainText read_plain_text(const std::vector<std::filesystem::path>& files, DocumentEnd end, TextBytes bytes);

/// Takes the share at the end of `text` off and returns it: of a single document its bytes from
/// floor(size * (1 - share)) on, or from the first character behind that; of several those documents that begin there.
/// Nothing where `share` is 0. UserError that names `setting` where one of the two would be empty.
PlainText take_end(PlainText& text, double share, const std::string& setting);

/// UserError where two parts are the same text.
void refuse_equal_parts(const PlainTextData& data);

/// Adds remarks on lines of 64 bytes and more that stand in two parts.
void add_overlap_remarks(PlainTextData& data);

/// A checksum of all documents in their order: the SHA-256 in hexadecimal digits; empty for no documents.
std::string fingerprint(const PlainText& text);

/// Several lines: where the data lies, and the sizes of the three parts.
std::string describe(const PlainTextData& data);

}  // namespace heed
