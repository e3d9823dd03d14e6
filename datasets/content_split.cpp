#include "heed/datasets/content_split.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "heed/core/error.h"
#include "heed/core/random/fnv1a.h"
#include "heed/core/random/random.h"

namespace heed {

uint64_t content_hash(std::string_view name) {
    return fnv1a(name);
}

double content_draw(uint64_t seed, std::string_view use, uint64_t hash) {
    const RandomKey key = random_key(seed, RandomPurpose::split, use);
    const PhiloxBlock block = philox(key, {{static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32), 0, 0}});
    const uint64_t bits = (static_cast<uint64_t>(block.word[0]) << 32) | block.word[1];
    return static_cast<double>(bits >> 11) * 0x1p-53;
}

std::size_t ContentGroups::root(std::size_t name) {
    while (parents_[name] != name) {
        parents_[name] = parents_[parents_[name]];
        name = parents_[name];
    }
    return name;
}

void ContentGroups::add(std::span<const uint64_t> names) {
    if (names.empty()) throw Error("a sample of a group expects a name");
    first_names_.push_back(names.front());
    std::size_t first = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto [place, is_new] = numbers_.try_emplace(names[i], parents_.size());
        if (is_new) parents_.push_back(parents_.size());
        const std::size_t own = root(place->second);
        if (i == 0) {
            first = own;
        } else {
            parents_[std::max(first, own)] = std::min(first, own);
            first = std::min(first, own);
        }
    }
}

std::vector<ContentGroup> ContentGroups::groups() {
    constexpr std::size_t none = SIZE_MAX;
    std::vector<std::size_t> draws(parents_.size(), none);
    std::vector<ContentGroup> result;
    for (std::size_t i = 0; i < first_names_.size(); ++i) {
        std::size_t& place = draws[root(numbers_.at(first_names_[i]))];
        if (place == none) {
            place = result.size();
            result.push_back({first_names_[i], {}});
        }
        result[place].name = std::min(result[place].name, first_names_[i]);
        result[place].samples.push_back(static_cast<int64_t>(i));
    }
    return result;
}

TrainValidation hold_back(std::span<const ContentGroup> groups, uint64_t seed, std::string_view use, double fraction,
                          std::string_view setting) {
    TrainValidation result;
    const auto add = [](std::vector<int64_t>& side, const ContentGroup& group) {
        side.insert(side.end(), group.samples.begin(), group.samples.end());
    };
    if (fraction > 0 && groups.size() < 2) {
        throw UserError(
            fmt::format("{} {} would keep back all of the training data: expected samples of different content, found "
                        "{}",
                        setting, fraction, groups.empty() ? "none" : "that all belong together"));
    }
    std::vector<double> draws;
    for (const ContentGroup& group : groups) draws.push_back(content_draw(seed, use, group.name));
    const auto [least, greatest] = std::minmax_element(draws.begin(), draws.end());
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const auto place = draws.begin() + static_cast<std::ptrdiff_t>(i);
        const bool is_held_back = fraction > 0 && (place == least || (*place < fraction && place != greatest));
        add(is_held_back ? result.validation : result.train, groups[i]);
    }
    std::sort(result.validation.begin(), result.validation.end());
    std::sort(result.train.begin(), result.train.end());
    return result;
}

std::vector<int64_t> content_subset(std::span<const uint64_t> hashes, uint64_t seed, int64_t limit) {
    std::vector<int64_t> chosen(hashes.size());
    std::iota(chosen.begin(), chosen.end(), int64_t{0});
    if (limit >= std::ssize(chosen)) return chosen;
    std::vector<double> draws;
    for (const uint64_t hash : hashes) draws.push_back(content_draw(seed, "limit", hash));
    std::stable_sort(chosen.begin(), chosen.end(), [&](int64_t a, int64_t b) {
        return draws[static_cast<std::size_t>(a)] < draws[static_cast<std::size_t>(b)];
    });
    chosen.resize(static_cast<std::size_t>(limit));
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

}  // namespace heed
