#include "heed/datasets/text/plain/line_tokens.h"

#include <algorithm>

#include "heed/datasets/text/files/text_file.h"

namespace heed {

std::vector<int32_t> encode_lines(const Tokenizer& tokenizer, std::string_view text, EncodeReport& report) {
    std::vector<int32_t> ids;
    if (tokenizer.is_byte_level()) {
        ids = tokenizer.encode(text);
    } else {
        const SpecialTokens special = tokenizer.special();
        while (!text.empty()) {
            const bool ended = text.find('\n') != std::string_view::npos;
            const std::vector<int32_t> line = tokenizer.encode(take_line(text));
            report.unknown += std::count(line.begin(), line.end(), special.unknown);
            ids.insert(ids.end(), line.begin(), line.end());
            if (ended) ids.push_back(special.end);
        }
    }
    ++report.texts;
    report.tokens += std::ssize(ids);
    report.empty += ids.empty() ? 1 : 0;
    return ids;
}

std::string decode_lines(const Tokenizer& tokenizer, std::span<const int32_t> ids) {
    if (tokenizer.is_byte_level()) return tokenizer.decode(ids);
    std::string text;
    while (!ids.empty()) {
        const auto end = std::find(ids.begin(), ids.end(), tokenizer.special().end);
        const auto count = static_cast<std::size_t>(end - ids.begin());
        text += tokenizer.decode(ids.first(count));
        if (end == ids.end()) break;
        text += '\n';
        ids = ids.subspan(count + 1);
    }
    return text;
}

}  // namespace heed
