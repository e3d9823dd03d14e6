#include "heed/datasets/text/plain/documents.h"

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/files/text_file.h"

namespace heed {

namespace {

bool is_blank(std::string_view line) {
    return trimmed(line).empty();
}

/// " = Title = ", but not " = = Section = = ".
bool is_title(std::string_view line) {
    return line.size() > 6 && line.starts_with(" = ") && !line.starts_with(" = =") && trimmed(line).ends_with(" =");
}

std::vector<std::string_view> articles_of(std::string_view content) {
    std::vector<std::size_t> begins = {0};
    std::size_t begin = 0;
    bool after_blank = true;
    std::string_view rest = content;
    while (!rest.empty()) {
        begin = content.size() - rest.size();
        const std::string_view line = take_line(rest);
        std::string_view next = rest;
        if (after_blank && is_title(line) && is_blank(take_line(next)) && begin > 0) begins.push_back(begin);
        after_blank = is_blank(line);
    }
    // What stands in front of the first heading is a document where it is more than blanks.
    if (begins.size() > 1 && is_blank(content.substr(0, begins[1]))) begins.erase(begins.begin() + 1);
    std::vector<std::string_view> articles;
    for (std::size_t i = 0; i < begins.size(); ++i) {
        const std::size_t end = i + 1 < begins.size() ? begins[i + 1] : content.size();
        articles.push_back(content.substr(begins[i], end - begins[i]));
    }
    return articles;
}

}  // namespace

DocumentEnd document_end(std::string_view name) {
    if (name == "one") return DocumentEnd::none;
    if (name == "files") return DocumentEnd::file;
    if (name == "lines") return DocumentEnd::line;
    if (name == "articles") return DocumentEnd::article;
    throw Error("expected documents that are one, files, lines or articles, got " + quote(name));
}

std::vector<std::string_view> documents_of(std::string_view content, DocumentEnd end) {
    if (content.empty()) return {};
    if (end == DocumentEnd::article) return articles_of(content);
    if (end != DocumentEnd::line) return {content};
    std::vector<std::string_view> lines;
    while (!content.empty()) {
        const std::size_t size = std::min(content.find('\n'), content.size() - 1) + 1;
        lines.push_back(content.substr(0, size));
        content.remove_prefix(size);
    }
    return lines;
}

}  // namespace heed
