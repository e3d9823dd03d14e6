#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "heed/datasets/series/calendar.h"
#include "heed/datasets/text/files/table_reader.h"

namespace heed {

/// Numbers that were measured at evenly spaced times.
struct TimeSeries {
    std::string origin;  ///< the file
    std::vector<std::string> columns;
    std::vector<int64_t> times;  ///< of the rows, as parse_date_time has them
    TimeStep step;
    std::vector<double> values;  ///< [rows, columns]

    int64_t rows() const { return static_cast<int64_t>(times.size()); }
    int64_t width() const { return static_cast<int64_t>(columns.size()); }
    double value(int64_t row, int64_t column) const { return values[static_cast<std::size_t>(row * width() + column)]; }
    /// Whether a date alone says the time of each row.
    bool has_dates_alone() const;
    /// A time as the file's rows have it.
    std::string time_text(int64_t time) const { return has_dates_alone() ? date_text(time) : date_time_text(time); }
};

/// What is read of a file.
struct SeriesColumns {
    TableLayout layout;
    std::string date = "date";
    std::vector<std::string> columns = {};  ///< in this order; empty: all but the date, in that of the file
};

/// Reads a table with a header, a column of dates and columns of numbers (plain, .gz or .xz). UserError, with file and
/// line, where a column is missing, a cell is no finite number, dates do not rise by one step from row to row, or
/// there are fewer than two rows.
TimeSeries read_time_series(const std::filesystem::path& file, const SeriesColumns& columns);

}  // namespace heed
