#include "heed/datasets/series/series_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/core/settings/repeated.h"

namespace heed {

namespace {

void refuse_repeated_columns(const char* key, const std::vector<std::string>& names) {
    if (const std::string* name = first_repeated(names)) {
        throw UserError(fmt::format("{} expects each column once, got {} twice", key, quote(*name)));
    }
}

}  // namespace

void SeriesOptions::describe(Fields& fields) {
    fields.add("root", root, "folder with the data set's files; empty: HEED_DATA, ./data, /usr/share/datasets").path();
    fields
        .add("batch", batch,
             "windows in a batch (train.accumulate of them make an optimizer step); the last of an epoch takes what is "
             "left")
        .range(1, 1 << 24)
        .unit("windows");
    fields.add("columns", columns, "columns of numbers that the model reads; empty: all");
    fields.add("targets", targets, "columns that it forecasts, among data.columns; empty: all of these");
    fields.add("window", window, "rows that the model reads: the input of its encoder").range(1, 1 << 20).unit("rows");
    fields
        .add("label", label,
             "rows at the end of the window that the decoder reads in front of the places of the forecast")
        .range(0, 1 << 20)
        .unit("rows");
    fields.add("horizon", horizon, "rows that are forecast at once").range(1, 1 << 20).unit("rows");
    fields
        .add("stride", stride,
             "rows from the beginning of a training window to that of the next; validation and test have a window at "
             "every row")
        .range(1, 1 << 20)
        .unit("rows");
    fields
        .add("normalise", normalise,
             "what each window is normalised by, column by column, before the model sees it, and its forecast is put "
             "back by: its last value is subtracted (last; Zeng et al., AAAI 2023), its mean is subtracted and its "
             "deviation divided by (mean; Kim et al., ICLR 2022, without their learned scale), or nothing")
        .choices({"last", "mean", "none"});
    fields
        .add("season", season,
             "rows of a season, for the naive forecast that repeats the last one; 0: a day of rows, of days a week, of "
             "months a year")
        .range(0, 1 << 20)
        .unit("rows");
}

void SeriesOptions::validate() const {
    refuse_repeated_columns("data.columns", columns);
    refuse_repeated_columns("data.targets", targets);
    if (label > window) {
        throw UserError(fmt::format(
            "data.label {} is more than data.window {}: expected at most as many rows, its last ones", label, window));
    }
    if (columns.empty()) return;
    for (const std::string& target : targets) {
        if (std::find(columns.begin(), columns.end(), target) != columns.end()) continue;
        throw UserError(fmt::format("data.targets expects columns among data.columns, which are {}, got {}{}",
                                    listed(columns), quote(target), did_you_mean(target, columns)));
    }
}

WindowNorm SeriesOptions::window_norm() const {
    return normalise == "last" ? WindowNorm::last : normalise == "mean" ? WindowNorm::mean : WindowNorm::none;
}

}  // namespace heed
