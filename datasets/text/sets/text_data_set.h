#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "heed/datasets/files/data_search.h"
#include "heed/datasets/text/text_data.h"
#include "heed/datasets/text/text_options.h"

namespace heed {

/// What is known about a data set of texts without its files, so that a recipe can be checked on a machine that lacks
/// them.
struct TextFacts {
    std::vector<std::string> class_names;
    int64_t train_texts = 0;  ///< of the official training set, before validation is taken out
    int64_t test_texts = 0;
};

/// A data set of labelled texts as the registry lists it. `make_options` makes the settings with this data set's
/// defaults, `open` takes them back (UserError where the files are missing or damaged).
struct TextDataSet {
    std::string name;
    std::string summary;
    std::string how_to_get;
    std::optional<TextFacts> facts;    ///< nothing where it depends on the files
    std::optional<DataSearch> search;  ///< how its files are found; nothing where the user has to name them
    std::function<std::unique_ptr<TextDataOptions>()> make_options;
    std::function<TextData(const TextDataOptions&)> open;
};

/// All data sets of labelled texts, in the order in which they are shown.
const std::vector<TextDataSet>& text_data_sets();

/// The data set of that name; UserError with the nearest name where there is none.
const TextDataSet& text_data_set(std::string_view name);

/// Adds a remark to the data where they have other sizes than those published. `train_texts` are those before
/// validation was taken out.
void compare_with_published(TextData& data, const TextFacts& published, int64_t train_texts);

TextDataSet imdb();
TextDataSet sst2();
TextDataSet ag_news();
TextDataSet text_files();

}  // namespace heed
