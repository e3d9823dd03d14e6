#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "heed/datasets/files/data_search.h"
#include "heed/datasets/text/plain/plain_text.h"
#include "heed/datasets/text/plain/plain_text_options.h"

namespace heed {

/// A data set of plain texts as the registry lists it. `make_options` makes the settings with this data set's
/// defaults, `open` takes them back (UserError where the files are missing or damaged, or not UTF-8 where that is
/// asked for).
struct PlainTextSet {
    std::string name;
    std::string summary;
    std::string how_to_get;
    std::optional<DataSearch> search;  ///< how its files are found; nothing where the user has to name them
    std::function<std::unique_ptr<PlainTextOptions>()> make_options;
    std::function<PlainTextData(const PlainTextOptions&, TextBytes)> open;
};

/// All data sets of plain texts, in the order in which they are shown.
const std::vector<PlainTextSet>& plain_text_sets();

/// The data set of that name; UserError with the nearest name where there is none.
const PlainTextSet& plain_text_set(std::string_view name);

/// The text of data.test_files alone, of settings of plain_text; the other parts are empty.
PlainTextData open_test_text(const PlainTextOptions& options, TextBytes bytes);

}  // namespace heed
