#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heed/datasets/series/series_data.h"

namespace heed {

/// What a model reads and forecasts at once.
struct WindowShape {
    int64_t window = 0;
    int64_t label = 0;
    int64_t horizon = 0;
    int64_t columns = 0;
    std::vector<int64_t> targets;  ///< places among the columns
    WindowNorm norm = WindowNorm::none;

    int64_t target_count() const { return static_cast<int64_t>(targets.size()); }
    /// Numbers of a row as a model reads it: the columns, then the calendar.
    int64_t features() const { return columns + calendar_features; }
};

/// A series as windows are cut out of it: scaled, with the calendar of its rows and of `more_rows` that follow.
struct ScaledSeries {
    int64_t rows = 0;
    int64_t columns = 0;
    std::vector<float> values;    ///< [rows, columns]
    std::vector<float> calendar;  ///< [rows + more_rows, calendar_features]

    ScaledSeries() = default;
    ScaledSeries(const TimeSeries& series, const SeriesScale& scale, int64_t more_rows = 0);

    float value(int64_t row, int64_t column) const { return values[static_cast<std::size_t>(row * columns + column)]; }
};

/// Some windows as a model reads them, row by row, each with its own shift and factor: a normalised value times the
/// factor plus the shift is the scaled one.
struct SeriesBatch {
    int64_t windows = 0;
    std::vector<float> source;         ///< [windows, window, features]
    std::vector<float> decoder;        ///< [windows, label + horizon, features]; values behind the label are 0
    std::vector<float> targets;        ///< [windows, horizon, targets], normalised; nothing where they are not known
    std::vector<float> shift, factor;  ///< [windows, targets]
};

/// Puts the windows whose forecasts begin at these rows into `batch`, whose memory is used again. No value at or behind
/// its first row has an influence on a window, its targets excepted, which are only there `with_targets`.
void fill_windows(const ScaledSeries& series, const WindowShape& shape, std::span<const int64_t> first_rows,
                  bool with_targets, SeriesBatch& batch);

/// The rows at which forecasts of a part begin, `stride` apart: all of their rows are in the part, and what they are
/// made from as well where `inside` says so; else it may lie in front of it.
std::vector<int64_t> forecast_begins(const WindowShape& shape, PositionRange part, int64_t stride, bool inside);

}  // namespace heed
