#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heed {

/// Where one document ends and the next begins.
enum class DocumentEnd { none, file, line, article };

/// "one", "files", "lines" or "articles" of data.documents. Throws Error for others.
DocumentEnd document_end(std::string_view name);

/// The documents of a file; joined they are its content. A line keeps its end. An article begins with a heading of
/// WikiText, the line " = Title = " between two lines that are blank (or the edge of the file).
std::vector<std::string_view> documents_of(std::string_view content, DocumentEnd end);

}  // namespace heed
