#include "heed/datasets/text/text_key.h"

#include "heed/datasets/content_split.h"
#include "heed/datasets/text/tokenizers/utf8.h"

namespace heed {

std::string text_key(std::string_view text) {
    std::string composed_text;
    if (!is_ascii(text)) {
        composed_text = composed(text);
        text = composed_text;
    }
    std::string key;
    key.reserve(text.size());
    bool blank = false;
    while (!text.empty()) {
        const char32_t character = take_character(text);
        if (is_white_space(character)) {
            blank = !key.empty();
            continue;
        }
        if (blank) key += ' ';
        blank = false;
        append_character(key, lower_case(character));
    }
    return key;
}

uint64_t text_hash(std::string_view text) {
    return content_hash(text_key(text));
}

}  // namespace heed
