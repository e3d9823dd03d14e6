#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "heed/datasets/files/data_search.h"
#include "heed/datasets/series/series_data.h"

namespace heed {

/// A data set of time series as the registry lists it. `make_options` makes the settings with this data set's defaults,
/// `open` takes them back.
struct SeriesSet {
    std::string name;
    std::string summary;
    std::string how_to_get;
    std::optional<DataSearch> search;       ///< how its files are found; nothing where the user has to name them
    std::vector<std::string> columns = {};  ///< of numbers, as far as they are known without the files
    int64_t train_rows = 0;                 ///< the same; 0: not known
    std::function<std::unique_ptr<SeriesOptions>()> make_options;
    /// UserError where the files are missing or damaged, or their parts cannot be.
    std::function<SeriesData(const SeriesOptions&)> open;
    /// The series of a file in the format of the data set; columns that are not in `columns` are passed over.
    std::function<TimeSeries(const SeriesOptions&, const std::string& file, const std::vector<std::string>& columns)>
        read;
};

/// All data sets of time series, in the order in which they are shown.
const std::vector<SeriesSet>& series_sets();

/// The data set of that name; UserError with the nearest name where there is none.
const SeriesSet& series_set(std::string_view name);

}  // namespace heed
