#include "heed/trainers/hugging_face/tensor_names.h"

#include <algorithm>

#include "heed/core/error.h"

namespace heed {

namespace {

/// What stands for * in a pattern, and what follows: ".weight", ".bias" or nothing.
struct PatternMatch {
    std::string_view number, ending;
};

std::optional<PatternMatch> match_pattern(std::string_view pattern, std::string_view name) {
    PatternMatch match;
    const size_t star = pattern.find('*');
    if (star != std::string_view::npos) {
        if (name.substr(0, star) != pattern.substr(0, star)) return std::nullopt;
        const size_t end = std::min(name.find_first_not_of("0123456789", star), name.size());
        match.number = name.substr(star, end - star);
        if (match.number.empty()) return std::nullopt;
        name.remove_prefix(end);
        pattern.remove_prefix(star + 1);
    }
    if (!name.starts_with(pattern)) return std::nullopt;
    match.ending = name.substr(pattern.size());
    const bool whole = match.ending.empty() || match.ending == ".weight" || match.ending == ".bias";
    return whole ? std::optional(match) : std::nullopt;
}

}  // namespace

std::optional<TheirTensor> their_tensor(const TensorTables& tables, const std::string& ours) {
    for (const TensorName& row : tables.names) {
        const auto match = match_pattern(row.ours, ours);
        if (!match) continue;
        std::string name = row.theirs;
        if (const size_t star = name.find('*'); star != std::string::npos) name.replace(star, 1, match->number);
        return TheirTensor{name += match->ending, row.form, row.beside_base};
    }
    return std::nullopt;
}

std::optional<std::string> unused_reason(const TensorTables& tables, std::string_view theirs) {
    if (theirs.starts_with(tables.base)) theirs.remove_prefix(std::string_view(tables.base).size());
    for (const UnusedTensor& row : tables.unused) {
        const std::string_view name = row.name;
        if (name.ends_with('.') ? theirs.starts_with(name) : match_pattern(name, theirs).has_value()) return row.reason;
    }
    return std::nullopt;
}

std::vector<int64_t> stored_shape(StoredForm form, const std::vector<int64_t>& ours, int64_t patch) {
    switch (form) {
        case StoredForm::same:
            return ours;
        case StoredForm::row:
            return {1, ours.at(0)};
        case StoredForm::token:
            return {1, 1, ours.at(0)};
        case StoredForm::tokens:
            return {1, ours.at(0), ours.at(1)};
        case StoredForm::filters:
            return {ours.at(0), ours.at(1) / (patch * patch), patch, patch};
    }
    throw Error("a form of stored tensors is not known");
}

}  // namespace heed
