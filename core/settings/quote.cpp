#include "heed/core/settings/quote.h"

namespace heed {

std::string quote(std::string_view text) {
    constexpr size_t longest = 80;
    constexpr char digits[] = "0123456789abcdef";
    std::string result = "\"";
    for (char c : text.substr(0, longest)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n') {
            result += "\\n";
        } else if (c == '\t') {
            result += "\\t";
        } else if (byte < 0x20 || byte == 0x7f) {
            result += "\\x";
            result += digits[byte >> 4];
            result += digits[byte & 15];
        } else {
            result += c;
        }
    }
    if (text.size() > longest) result += "...";
    return result + "\"";
}

}  // namespace heed
