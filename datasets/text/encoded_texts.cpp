#include "heed/datasets/text/encoded_texts.h"

#include <algorithm>

namespace heed {

void EncodedTexts::add(std::span<const int32_t> ids) {
    ids_.insert(ids_.end(), ids.begin(), ids.end());
    ends_.push_back(static_cast<int64_t>(ids_.size()));
}

int64_t longest_text(const EncodedTexts& texts, std::span<const int64_t> places) {
    int64_t longest = 0;
    for (const int64_t place : places) longest = std::max(longest, texts.length(place));
    return longest;
}

PaddedTexts pad_texts(const EncodedTexts& texts, std::span<const int64_t> places, int32_t pad, int64_t least_tokens) {
    PaddedTexts padded;
    padded.tokens = std::max(longest_text(texts, places), least_tokens);
    padded.ids.assign(places.size() * static_cast<std::size_t>(padded.tokens), pad);
    auto row = padded.ids.begin();
    for (const int64_t place : places) {
        const std::span<const int32_t> ids = texts.ids(place);
        std::copy(ids.begin(), ids.end(), row);
        padded.lengths.push_back(static_cast<int32_t>(ids.size()));
        row += padded.tokens;
    }
    return padded;
}

}  // namespace heed
