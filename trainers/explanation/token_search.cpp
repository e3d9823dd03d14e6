#include "heed/trainers/explanation/token_search.h"

#include <algorithm>
#include <utility>

#include "heed/core/error.h"

namespace heed {

namespace {

constexpr int64_t variants_at_once = 256;
constexpr int64_t sizes_at_once = 16;

/// Sizes of prefixes that are looked at first.
std::vector<int64_t> first_sizes(int64_t tokens) {
    std::vector<int64_t> sizes;
    for (int64_t size = 0; size < tokens; size += size < sizes_at_once ? 1 : size / 4) sizes.push_back(size);
    sizes.push_back(tokens);
    return sizes;
}

/// At most `sizes_at_once` sizes between two that are left out.
std::vector<int64_t> sizes_between(int64_t low, int64_t high) {
    const int64_t parts = std::min(high - low, sizes_at_once + 1);
    std::vector<int64_t> sizes;
    for (int64_t part = 1; part < parts; ++part) sizes.push_back(low + (high - low) * part / parts);
    return sizes;
}

/// The next combination in the order of a dictionary; false behind the last one.
bool next_combination(std::vector<int64_t>& chosen, int64_t tokens) {
    const auto size = static_cast<int64_t>(chosen.size());
    for (int64_t i = size - 1; i >= 0; --i) {
        if (chosen[static_cast<size_t>(i)] == tokens - size + i) continue;
        ++chosen[static_cast<size_t>(i)];
        for (int64_t j = i + 1; j < size; ++j) chosen[static_cast<size_t>(j)] = chosen[static_cast<size_t>(j - 1)] + 1;
        return true;
    }
    return false;
}

/// The number of sets of that size, or more than `limit` where there are more.
int64_t combinations(int64_t tokens, int64_t size, int64_t limit) {
    int64_t count = 1;
    for (int64_t i = 0; i < std::min(size, tokens - size); ++i) {
        count = count * (tokens - i) / (i + 1);
        if (count > limit) return limit + 1;
    }
    return count;
}

void check_permutation(const TokenOrder& order, int64_t tokens) {
    std::vector<int64_t> sorted = order.tokens;
    std::sort(sorted.begin(), sorted.end());
    bool fits = std::ssize(sorted) == tokens;
    for (int64_t i = 0; fits && i < tokens; ++i) fits = sorted[static_cast<size_t>(i)] == i;
    if (!fits) throw Error("the order of " + order.measure + " is no permutation of the tokens");
}

/// The set without the parts of these numbers, when it is cut into `parts` parts.
std::vector<int64_t> without_parts(const std::vector<int64_t>& set, int64_t parts, std::span<const int64_t> left_out) {
    std::vector<int64_t> rest;
    const auto size = static_cast<int64_t>(set.size());
    for (int64_t part = 0; part < parts; ++part) {
        if (std::find(left_out.begin(), left_out.end(), part) != left_out.end()) continue;
        rest.insert(rest.end(), set.begin() + size * part / parts, set.begin() + size * (part + 1) / parts);
    }
    return rest;
}

}  // namespace

TokenSearch::TokenSearch(int64_t tokens, KeepsPrediction keeps) : tokens_(tokens), keeps_(std::move(keeps)) {}

TokenSets TokenSearch::find(TokenSetKind kind, std::span<const TokenOrder> orders, const SearchLimits& limits) {
    Searched searched = {kind};
    TokenSets found;
    for (const TokenOrder& order : orders) {
        check_permutation(order, tokens_);
        OrderedTokenSet set = {order.measure, shortest_prefix(searched, order.tokens), {}, false};
        if (set.prefix) {
            set.tokens.assign(order.tokens.begin(), order.tokens.begin() + *set.prefix);
            std::reverse(set.tokens.begin(), set.tokens.end());  // the least relevant are given back first
            set.minimal = prune(searched, set.tokens, limits.pruning);
            std::sort(set.tokens.begin(), set.tokens.end());
            if (!found.smallest || set.tokens.size() < found.smallest->size()) {
                found.smallest = set.tokens;
                found.found_by = set.measure;
            }
        }
        found.by_order.push_back(std::move(set));
    }
    search_all(searched, found, limits.exhaustive);
    found.runs = searched.runs;
    return found;
}

std::vector<uint8_t> TokenSearch::hold(Searched& searched, const std::vector<Set>& sets) {
    const bool necessary = searched.kind == TokenSetKind::necessary;
    std::vector<std::string> names;
    std::vector<KeptTokens> unknown;
    std::vector<std::string> unknown_names;
    const auto ask = [&] {
        if (unknown.empty()) return;
        searched.runs += std::ssize(unknown);
        const std::vector<uint8_t> kept = keeps_(unknown);
        for (size_t i = 0; i < kept.size(); ++i) known_[unknown_names[i]] = kept[i];
        unknown.clear();
        unknown_names.clear();
    };
    for (const Set& set : sets) {
        KeptTokens kept(static_cast<size_t>(tokens_), necessary ? 1 : 0);
        for (const int64_t token : set) kept[static_cast<size_t>(token)] = necessary ? 0 : 1;
        names.emplace_back(kept.begin(), kept.end());
        if (known_.contains(names.back()) ||
            std::find(unknown_names.begin(), unknown_names.end(), names.back()) != unknown_names.end()) {
            continue;
        }
        unknown.push_back(std::move(kept));
        unknown_names.push_back(names.back());
        if (std::ssize(unknown) == variants_at_once) ask();
    }
    ask();
    std::vector<uint8_t> answers;
    for (const std::string& name : names) answers.push_back((known_.at(name) != 0) != necessary ? 1 : 0);
    return answers;
}

std::optional<int64_t> TokenSearch::shortest_prefix(Searched& searched, const Set& order) {
    const auto first_of = [&](const std::vector<int64_t>& sizes) {
        std::vector<Set> sets;
        for (const int64_t size : sizes) sets.emplace_back(order.begin(), order.begin() + size);
        const std::vector<uint8_t> holds = hold(searched, sets);
        return static_cast<size_t>(std::find(holds.begin(), holds.end(), 1) - holds.begin());
    };
    std::vector<int64_t> sizes = first_sizes(tokens_);
    size_t first = first_of(sizes);
    if (first == sizes.size()) return std::nullopt;
    int64_t low = first == 0 ? -1 : sizes[first - 1], high = sizes[first];
    while (high - low > 1 && high > 0) {
        sizes = sizes_between(low, high);
        first = first_of(sizes);
        const int64_t before = first == 0 ? low : sizes[first - 1];
        if (first < sizes.size()) high = sizes[first];
        low = before;
    }
    return high;
}

/// False where the limit was met.
bool TokenSearch::prune(Searched& searched, Set& set, int64_t limit) {
    const int64_t before = searched.runs;
    int64_t parts = 2;
    while (set.size() > 1) {  // the scan knows that the empty set does not do
        const auto size = static_cast<int64_t>(set.size());
        parts = std::min(parts, size);
        if (searched.runs - before + parts > limit) return false;
        std::vector<Set> rests;
        std::vector<int64_t> numbers(static_cast<size_t>(parts));
        for (int64_t part = 0; part < parts; ++part) {
            numbers[static_cast<size_t>(part)] = part;
            rests.push_back(without_parts(set, parts, std::span(&part, 1)));
        }
        const std::vector<uint8_t> holds = hold(searched, rests);
        std::erase_if(numbers, [&](int64_t part) { return holds[static_cast<size_t>(part)] == 0; });
        if (numbers.empty()) {
            if (parts == size) return true;
            parts = std::min(size, 2 * parts);
            continue;
        }
        // Parts that can be given back alone often can be together: as many of the first ones as do.
        std::vector<size_t> counts = {1};
        std::vector<Set> several = {rests[static_cast<size_t>(numbers.front())]};
        for (size_t count = 2; counts.back() < numbers.size(); count = std::min(2 * count, numbers.size())) {
            counts.push_back(count);
            several.push_back(without_parts(set, parts, std::span(numbers).first(count)));
        }
        const std::vector<uint8_t> together = hold(searched, several);
        size_t last = several.size() - 1;
        while (together[last] == 0) --last;
        set = several[last];
        parts = std::max<int64_t>(2, parts - static_cast<int64_t>(counts[last]));
    }
    return true;
}

void TokenSearch::search_all(Searched& searched, TokenSets& found, int64_t limit) {
    int64_t left = limit;
    const int64_t most = found.smallest ? std::ssize(*found.smallest) - 1 : tokens_;
    found.exhaustive_size = -1;
    for (int64_t size = 0; size <= most; ++size) {
        const int64_t count = combinations(tokens_, size, left);
        if (count > left) break;
        left -= count;
        Set chosen(static_cast<size_t>(size));
        for (int64_t i = 0; i < size; ++i) chosen[static_cast<size_t>(i)] = i;
        for (bool more = true; more;) {
            std::vector<Set> sets;
            while (more && std::ssize(sets) < variants_at_once) {
                sets.push_back(chosen);
                more = next_combination(chosen, tokens_);
            }
            const std::vector<uint8_t> holds = hold(searched, sets);
            const auto first = std::find(holds.begin(), holds.end(), 1);
            if (first == holds.end()) continue;
            found.smallest = sets[static_cast<size_t>(first - holds.begin())];
            found.found_by = "exhaustive search";
            found.proven = true;
            return;
        }
        found.exhaustive_size = size;
    }
    found.proven = found.exhaustive_size == most;
}

}  // namespace heed
