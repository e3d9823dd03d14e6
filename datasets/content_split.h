#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "heed/datasets/split.h"

namespace heed {

// Splits in which the side of a sample follows from what it is, not from its place in a list: adding, taking away or
// moving other samples does not change it.

/// The 64-bit FNV-1a hash of a name, which stands for the name in what follows.
uint64_t content_hash(std::string_view name);

/// The draw of a hash: a number in [0, 1), uniform over the hashes: the first 53 bits of words 0 and 1 of Philox(key,
/// {low hash, high hash, 0, 0}) with the key of (seed, RandomPurpose::split, use). `use` keeps choices of different
/// kinds apart.
double content_draw(uint64_t seed, std::string_view use, uint64_t hash);

/// Samples that must not be separated.
struct ContentGroup {
    uint64_t name = 0;             ///< the least of the first names of its samples
    std::vector<int64_t> samples;  ///< ascending
};

/// Finds the groups: samples with a name in common are in one, also by way of others.
class ContentGroups {
public:
    /// Adds a sample with these names (hashes), at least one.
    void add(std::span<const uint64_t> names);

    /// In the order of their first samples.
    std::vector<ContentGroup> groups();

private:
    std::size_t root(std::size_t name);

    std::unordered_map<uint64_t, std::size_t> numbers_;  // of the names, in the order in which they came
    std::vector<std::size_t> parents_;                   // of the names: sets that grow together
    std::vector<uint64_t> first_names_;                  // of the samples
};

/// Keeps back the groups whose draw is below `fraction`: about that share of the samples, but at least one group, and
/// never all. Nothing where `fraction` is 0. UserError that names `setting` where there is only one group.
TrainValidation hold_back(std::span<const ContentGroup> groups, uint64_t seed, std::string_view use, double fraction,
                          std::string_view setting);

/// The `limit` samples (given by their hashes) of the least draws, ascending; all where there are no more. A larger
/// limit keeps those of a smaller one.
std::vector<int64_t> content_subset(std::span<const uint64_t> hashes, uint64_t seed, int64_t limit);

}  // namespace heed
