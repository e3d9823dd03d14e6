#include "heed/core/settings/nearest_name.h"

#include <algorithm>

#include "heed/core/settings/look_alikes.h"
#include "heed/core/settings/quote.h"

namespace heed {
namespace {

std::string simplified(std::string_view name) {
    const bool is_ascii =
        std::all_of(name.begin(), name.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
    std::string result;
    for (char c : is_ascii ? std::string(name) : ascii_twin(name)) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        result += c == '-' ? '_' : c;
    }
    return result;
}

/// Insertions, deletions, replacements and swaps of neighbours that turn a into b.
size_t edit_distance(const std::string& a, const std::string& b) {
    std::vector<size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
    for (size_t j = 0; j <= b.size(); j++) previous[j] = j;
    for (size_t i = 1; i <= a.size(); i++) {
        current[0] = i;
        for (size_t j = 1; j <= b.size(); j++) {
            const size_t replace = previous[j - 1] + (a[i - 1] != b[j - 1]);
            current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replace});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
        }
        std::swap(before, previous);
        std::swap(previous, current);
    }
    return previous[b.size()];
}

std::string initials(const std::string& name) {
    std::string result;
    bool start = true;
    for (char c : name) {
        if (start) result += c;
        start = c == '_';
    }
    return result;
}

bool is_longer_form(const std::string& longer, const std::string& shorter) {
    const bool prefix = shorter.size() >= 3 && longer.starts_with(shorter);
    const bool abbreviated =
        shorter.size() >= 2 && longer.find('_') != std::string::npos && initials(longer) == shorter;
    return prefix || abbreviated;
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
    constexpr size_t longest = 64;
    if (name.empty() || name.size() > longest) return "";
    const std::string wanted = simplified(name);
    size_t best_distance = std::max<size_t>(1, wanted.size() / 3) + 1;
    std::string best, related;
    for (const std::string& candidate : candidates) {
        const std::string other = simplified(candidate);
        const size_t distance = edit_distance(wanted, other);
        // A distance of the whole length means that no letter is shared.
        if (distance < best_distance && distance < std::max(wanted.size(), other.size())) {
            best_distance = distance;
            best = candidate;
        }
        if (related.empty() && (is_longer_form(wanted, other) || is_longer_form(other, wanted))) related = candidate;
    }
    return best.empty() || (best_distance > 1 && !related.empty()) ? related : best;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
    const std::string nearest = nearest_name(name, candidates);
    return nearest.empty() ? "" : " (did you mean " + printable(nearest) + "?)";
}

std::string listed(const std::vector<std::string>& names, std::string_view last_separator, size_t most) {
    constexpr size_t longest = 80;
    std::string result;
    for (size_t i = 0; i < std::min(names.size(), most); i++) {
        if (i > 0) result += i + 1 == names.size() ? last_separator : std::string_view(", ");
        const std::string name = printable(names[i]);
        result += name.size() <= longest ? name : name.substr(0, whole_characters(name, longest)) + "...";
    }
    if (names.size() > most) result += " and " + std::to_string(names.size() - most) + " more";
    return result;
}

}  // namespace heed
