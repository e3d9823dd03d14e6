#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "heed/datasets/files/data_search.h"
#include "heed/datasets/text/parallel_data.h"
#include "heed/datasets/text/parallel_options.h"

namespace heed {

/// A data set of sentence pairs as the registry lists it. `make_options` makes the settings with this data set's
/// defaults, `open` takes them back (UserError where the files are missing or damaged).
struct ParallelDataSet {
    std::string name;
    std::string summary;
    std::string how_to_get;
    std::optional<DataSearch> search;  ///< how its files are found; nothing where the user has to name them
    std::function<std::unique_ptr<ParallelDataOptions>()> make_options;
    std::function<ParallelData(const ParallelDataOptions&)> open;
    /// Opens the test files alone that the settings name; the other parts are empty. Empty where none can be named.
    std::function<ParallelData(const ParallelDataOptions&)> open_test;
};

/// All data sets of sentence pairs, in the order in which they are shown.
const std::vector<ParallelDataSet>& parallel_data_sets();

/// The data set of that name; UserError with the nearest name where there is none.
const ParallelDataSet& parallel_data_set(std::string_view name);

ParallelDataSet en_es();
ParallelDataSet parallel_files();
ParallelDataSet text_pairs();
ParallelDataSet wikitext2_leads();
ParallelDataSet wikitext103_leads();

}  // namespace heed
