#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "heed/datasets/files/data_search.h"

namespace heed {

/// What an opened data set holds, of whatever kind.
struct DataSummary {
    std::string text;                  ///< several lines for people
    std::string shape;                 ///< of an image; empty for texts
    std::vector<std::string> classes;  ///< empty for sentence pairs
    int64_t train = 0;                 ///< with what a training would take for validation, where that comes out of it
    int64_t test = 0;
};

/// A data set of any kind that a recipe can name.
struct KnownDataSet {
    std::string name;
    std::string summary;
    std::string how_to_get;
    std::optional<DataSearch> search;  ///< nothing where the user has to name the files
    /// Opens what lies in `root` as a training does. UserError where files are missing or damaged.
    std::function<DataSummary(const std::string& root)> open;
};

/// Images, labelled texts, sentence pairs, plain texts and time series, each in the order of their registry.
const std::vector<KnownDataSet>& known_data_sets();

/// The data set of that name, or null.
const KnownDataSet* find_known_data_set(std::string_view name);

}  // namespace heed
