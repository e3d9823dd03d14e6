#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace heed {

/// Token ids of many texts, in one piece of memory.
class EncodedTexts {
public:
    void add(std::span<const int32_t> ids);

    int64_t size() const { return static_cast<int64_t>(ends_.size()); }
    int64_t length(int64_t place) const { return end(place) - begin(place); }
    std::span<const int32_t> ids(int64_t place) const {
        return std::span(ids_).subspan(static_cast<std::size_t>(begin(place)), static_cast<std::size_t>(length(place)));
    }
    /// Tokens of all texts.
    int64_t tokens() const { return static_cast<int64_t>(ids_.size()); }

private:
    int64_t begin(int64_t place) const { return place == 0 ? 0 : end(place - 1); }
    int64_t end(int64_t place) const { return ends_[static_cast<std::size_t>(place)]; }

    std::vector<int32_t> ids_;
    std::vector<int64_t> ends_;
};

/// Some texts as a model takes them.
struct PaddedTexts {
    std::vector<int32_t> ids;      ///< [texts, tokens], short texts padded on the right
    std::vector<int32_t> lengths;  ///< [texts], without padding
    int64_t tokens = 0;            ///< of a row
};

/// Tokens of the longest of the texts at these places; 0 without texts.
int64_t longest_text(const EncodedTexts& texts, std::span<const int64_t> places);

/// The texts at these places, as wide as the longest and at least `least_tokens`.
PaddedTexts pad_texts(const EncodedTexts& texts, std::span<const int64_t> places, int32_t pad,
                      int64_t least_tokens = 1);

}  // namespace heed
