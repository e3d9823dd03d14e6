#include "heed/trainers/benchmark/pattern_key.h"

#include <array>

namespace heed {

namespace {

struct PatternNames {
    AttentionPattern pattern;
    const char* key;
    const char* initials;
};

constexpr std::array<PatternNames, 4> all_names = {{{AttentionPattern::noncausal_self, "noncausal_self", "NS"},
                                                    {AttentionPattern::causal_self, "causal_self", "CS"},
                                                    {AttentionPattern::noncausal_cross, "noncausal_cross", "NC"},
                                                    {AttentionPattern::causal_cross, "causal_cross", "CC"}}};

const PatternNames& names_of(AttentionPattern pattern) {
    return all_names[static_cast<size_t>(pattern)];
}

}  // namespace

const char* pattern_key(AttentionPattern pattern) {
    return names_of(pattern).key;
}

const char* pattern_initials(AttentionPattern pattern) {
    return names_of(pattern).initials;
}

std::optional<AttentionPattern> pattern_of_key(std::string_view key) {
    for (const PatternNames& names : all_names) {
        if (names.key == key) return names.pattern;
    }
    return std::nullopt;
}

std::vector<std::string> pattern_keys() {
    std::vector<std::string> keys;
    for (const PatternNames& names : all_names) keys.emplace_back(names.key);
    return keys;
}

}  // namespace heed
