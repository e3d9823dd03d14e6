#include "heed/datasets/text/tokenizers/vocabulary.h"

#include <utility>

namespace heed {

bool Vocabulary::add(std::string token) {
    if (!ids_.emplace(token, static_cast<int32_t>(tokens_.size())).second) return false;
    tokens_.push_back(std::move(token));
    return true;
}

std::optional<int32_t> Vocabulary::find(std::string_view token) const {
    const auto place = ids_.find(token);
    if (place == ids_.end()) return std::nullopt;
    return place->second;
}

}  // namespace heed
