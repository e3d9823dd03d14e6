#include "heed/datasets/text/plain/plain_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/catalogue/checksum.h"
#include "heed/datasets/files/byte_reader.h"
#include "heed/datasets/text/files/text_file.h"
#include "heed/datasets/text/text_key.h"
#include "heed/datasets/text/text_overlap.h"
#include "heed/datasets/text/tokenizers/utf8.h"

namespace heed {

namespace {

namespace fs = std::filesystem;

/// With the files of a folder in its place, by their names.
std::vector<fs::path> without_folders(const std::vector<fs::path>& files) {
    std::vector<fs::path> all;
    for (const fs::path& file : files) {
        std::error_code ignored;
        if (!fs::is_directory(file, ignored)) {
            all.push_back(file);
            continue;
        }
        std::vector<fs::path> found;
        for (const auto& entry : fs::recursive_directory_iterator(file)) {
            if (entry.is_regular_file()) found.push_back(entry.path());
        }
        if (found.empty()) throw UserError(fmt::format("expected files of text in '{}', found none", file.string()));
        std::sort(found.begin(), found.end());
        all.insert(all.end(), found.begin(), found.end());
    }
    return all;
}

std::string read_content(const fs::path& file, TextBytes bytes) {
    std::string content;
    if (bytes == TextBytes::utf8) {
        content = TextFile(file).content();
    } else {
        ByteReader reader(file);
        std::vector<uint8_t> block;
        constexpr uint64_t block_size = uint64_t{1} << 20;
        while (reader.read_into(block, block_size) > 0) {
            content.append(reinterpret_cast<const char*>(block.data()), block.size());
        }
    }
    if (content.empty()) throw UserError(fmt::format("expected text in '{}', found an empty file", file.string()));
    return content;
}

/// Hashes of the lines that are too long to be the same by chance.
std::vector<uint64_t> long_line_hashes(const PlainText& text) {
    constexpr std::size_t least_bytes = 64;
    std::vector<uint64_t> hashes;
    for (const std::string& document : text.documents) {
        LineReader lines(document);
        for (std::string_view line; lines.next(line);) {
            if (line.size() >= least_bytes && text_problem(line).empty()) hashes.push_back(text_hash(line));
        }
    }
    return hashes;
}

struct NamedPart {
    const char* name;
    const PlainText& text;
};

/// Calls visit(part, other) for each two parts that have text.
template <class Visit>
void for_pairs_of_parts(const PlainTextData& data, const Visit& visit) {
    const NamedPart parts[] = {{"training", data.train}, {"validation", data.validation}, {"test", data.test}};
    for (const auto& [first, second] : {std::pair(1, 0), std::pair(2, 0), std::pair(2, 1)}) {
        const NamedPart &part = parts[first], &other = parts[second];
        if (!part.text.documents.empty() && !other.text.documents.empty()) visit(part, other);
    }
}

}  // namespace

int64_t PlainText::bytes() const {
    int64_t count = 0;
    for (const std::string& document : documents) count += std::ssize(document);
    return count;
}

PlainText read_plain_text(const std::vector<fs::path>& files, DocumentEnd end, TextBytes bytes) {
    std::vector<std::string> contents;
    for (const fs::path& file : without_folders(files)) {
        std::string content = read_content(file, bytes);
        if (end == DocumentEnd::file || contents.empty()) {
            contents.push_back(std::move(content));
        } else {
            contents.front() += content;
        }
    }
    PlainText text;
    for (const std::string& content : contents) {
        for (const std::string_view document : documents_of(content, end)) text.documents.emplace_back(document);
    }
    return text;
}

PlainText take_end(PlainText& text, double share, const std::string& setting) {
    PlainText taken;
    const int64_t documents = text.size();
    if (share == 0.0) return taken;
    const auto begin = static_cast<int64_t>(std::floor(static_cast<double>(text.bytes()) * (1.0 - share)));
    if (documents == 1) {
        std::string& document = text.documents.front();
        auto cut = static_cast<std::size_t>(begin);
        while (cut < document.size() && (static_cast<unsigned char>(document[cut]) & 0xC0U) == 0x80U) ++cut;
        if (cut < document.size()) taken.documents.push_back(document.substr(cut));
        document.resize(cut);
    } else {
        int64_t place = 0;
        std::size_t kept = 0;
        while (kept < text.documents.size() && place < begin) place += std::ssize(text.documents[kept++]);
        for (std::size_t i = kept; i < text.documents.size(); ++i) {
            taken.documents.push_back(std::move(text.documents[i]));
        }
        text.documents.resize(kept);
    }
    if (taken.bytes() == 0 || text.bytes() == 0) {
        throw UserError(fmt::format("{} {} takes {} of {} bytes in {}: expected a share that leaves text on both sides",
                                    setting, share, taken.bytes(), text.bytes() + taken.bytes(),
                                    documents > 1 ? "documents, which stay whole" : "one text"));
    }
    return taken;
}

void refuse_equal_parts(const PlainTextData& data) {
    for_pairs_of_parts(data, [](const NamedPart& part, const NamedPart& other) {
        if (part.text.documents != other.text.documents) return;
        throw UserError(fmt::format("the {} text is the same as the {} text: expected another", part.name, other.name));
    });
}

void add_overlap_remarks(PlainTextData& data) {
    for_pairs_of_parts(data, [&](const NamedPart& part, const NamedPart& other) {
        std::string remark = overlap_remark(part.name, long_line_hashes(part.text), other.name,
                                            long_line_hashes(other.text), "lines of 64 bytes and more");
        if (!remark.empty()) data.remarks.push_back(std::move(remark));
    });
}

std::string fingerprint(const PlainText& text) {
    if (text.documents.empty()) return "";
    Digest digest("sha256");
    for (const std::string& document : text.documents) {
        const uint64_t size = document.size();
        digest.update(&size, sizeof size);
        digest.update(document.data(), document.size());
    }
    return digest.finish().hex;
}

std::string describe(const PlainTextData& data) {
    std::string text = fmt::format("{}: plain text\nfrom        {}\n\n", data.name, data.origin);
    text += fmt::format("{:<10}  {:>9}  {:>12}\n", "part", "documents", "bytes");
    for (const NamedPart& part :
         {NamedPart{"train", data.train}, NamedPart{"validation", data.validation}, NamedPart{"test", data.test}}) {
        text += fmt::format("{:<10}  {:>9}  {:>12}\n", part.name, part.text.size(), part.text.bytes());
    }
    if (!data.remarks.empty()) text += '\n';
    for (const std::string& remark : data.remarks) text += remark + '\n';
    return text;
}

}  // namespace heed
