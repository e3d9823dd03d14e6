#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/datasets/batches/batch_order.h"
#include "heed/datasets/series/series_options.h"
#include "heed/datasets/series/time_series.h"

namespace heed {

/// An opened data set: a series whose rows are divided by time; validation may be empty.
struct SeriesData {
    std::string name;
    TimeSeries series;
    PositionRange train, validation, test;  ///< rows
    /// What a user should know of the series, a sentence each.
    std::vector<std::string> remarks = {};
};

/// Mean and deviation of each column.
struct SeriesScale {
    std::vector<double> mean, deviation;

    double scaled(double value, int64_t column) const;
    double unscaled(double value, int64_t column) const;
    bool operator==(const SeriesScale&) const = default;
};

/// Those of some rows; the deviation is that of the population. UserError where a column has the same value in all of
/// them, so that it cannot be scaled.
SeriesScale scale_of(const TimeSeries& series, PositionRange rows);

/// Where `targets` are in `columns`; all of these where it is empty. UserError, with the nearest name, where one is
/// not.
std::vector<int64_t> target_places(const std::vector<std::string>& targets, const std::vector<std::string>& columns);

/// A checksum of dates and values of some rows: the SHA-256 in hexadecimal digits; empty for no rows.
std::string fingerprint(const TimeSeries& series, PositionRange rows);

/// Several lines: where the data lies, its columns, and the three parts with their dates.
std::string describe(const SeriesData& data);

}  // namespace heed
