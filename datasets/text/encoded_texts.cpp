#include "heed/datasets/text/encoded_texts.h"

#include <algorithm>

namespace heed {

void EncodedTexts::add(std::span<const int32_t> ids) {
    ids_.insert(ids_.end(), ids.begin(), ids.end());
    ends_.push_back(static_cast<int64_t>(ids_.size()));
}

PaddedTexts pad_texts(const EncodedTexts& texts, std::span<const int64_t> places, int32_t pad) {
    PaddedTexts padded;
    padded.tokens = 1;
    for (const int64_t place : places) padded.tokens = std::max(padded.tokens, texts.length(place));
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
