#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace heed {

/// Hashes of texts, so that a map of strings is searched by a view.
struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

template <class Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

/// Tokens and their ids 0, 1, 2 ...
class Vocabulary {
public:
    /// Appends a token; false, and nothing happens, where it is there already.
    bool add(std::string token);

    std::optional<int32_t> find(std::string_view token) const;
    const std::string& token(int32_t id) const { return tokens_[static_cast<std::size_t>(id)]; }
    int64_t size() const { return static_cast<int64_t>(tokens_.size()); }

private:
    std::vector<std::string> tokens_;
    TextMap<int32_t> ids_;
};

}  // namespace heed
