#include "heed/datasets/series/time_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace {

/// Beyond that a square no longer fits what the numbers are computed in.
constexpr double largest_value = 1e30;

class SeriesRows {
public:
    SeriesRows(const TextFile& file, TimeSeries& series, std::string date)
        : file_(file), series_(series), date_(std::move(date)) {}

    void add(int64_t line, std::span<const TableValue> cells) {
        add_time(line, trimmed(cells[0][0]));
        for (std::size_t i = 1; i < cells.size(); ++i) {
            series_.values.push_back(number(line, series_.columns[i - 1], trimmed(cells[i][0])));
        }
    }

private:
    [[noreturn]] void fail(int64_t line, const std::string& column, const std::string& problem) const {
        file_.fail(line, fmt::format("column {}: {}", quote(column), problem));
    }

    void add_time(int64_t line, std::string_view text) {
        const std::optional<int64_t> time = parse_date_time(text);
        if (!time) {
            fail(line, date_,
                 text.empty() ? std::string("expected a date, found an empty cell")
                              : "expected a date such as 2016-07-01 13:00:00, got " + quote(text));
        }
        if (!series_.times.empty()) check_follows(line, *time);
        series_.times.push_back(*time);
    }

    void check_follows(int64_t line, int64_t time) {
        const int64_t before = series_.times.back();
        if (time <= before) {
            fail(line, date_,
                 fmt::format("expected a date behind that of the row before ({}), got {}", date_time_text(before),
                             time == before ? "the same again" : date_time_text(time)));
        }
        if (series_.rows() == 1) series_.step = TimeStep::between(before, time);
        const int64_t expected = series_.step.after(series_.times.front(), series_.rows());
        if (time == expected) return;
        // The first two dates, such as those of February and March, may look like a month apart.
        if (series_.rows() == 2 && series_.step.months > 0 && time - before == before - series_.times.front()) {
            series_.step = {time - before, 0};
            return;
        }
        fail(line, date_,
             fmt::format("expected {}, {} behind the row before, as the first rows are apart, got {}: rows have to be "
                         "evenly spaced",
                         date_time_text(expected), series_.step.text(), date_time_text(time)));
    }

    double number(int64_t line, const std::string& column, std::string_view text) const {
        if (text.empty()) fail(line, column, "expected a number, found an empty cell");
        double value = 0.0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (end != text.data() + text.size() || error == std::errc::invalid_argument) {
            fail(line, column, "expected a number, got " + quote(text));
        }
        if (error != std::errc() || !std::isfinite(value) || std::abs(value) > largest_value) {
            fail(line, column,
                 fmt::format("expected a finite number of at most {:g}, got {}", largest_value, quote(text)));
        }
        return value;
    }

    const TextFile& file_;
    TimeSeries& series_;
    std::string date_;
};

/// All columns of the file but that of the dates.
std::vector<std::string> columns_but_date(const TextFile& file, const SeriesColumns& columns) {
    std::vector<std::string> names = table_columns(file, columns.layout);
    const auto date = std::find(names.begin(), names.end(), columns.date);
    if (date == names.end()) {
        const std::string other = other_separator(names, {columns.date}, columns.layout);
        file.fail(
            1, fmt::format("expected a column of dates {}, found {}{}", quote(columns.date),
                           names.empty() ? "an empty file" : listed(names),
                           other.empty() ? did_you_mean(columns.date, names) + " (data.date names another)" : other));
    }
    names.erase(date);
    if (names.empty()) file.fail(1, "expected a column of numbers beside the dates, found none");
    return names;
}

}  // namespace

bool TimeSeries::has_dates_alone() const {
    constexpr int64_t day = 86400;
    return step.keeps_midnight() && !times.empty() && times.front() % day == 0;
}

TimeSeries read_time_series(const std::filesystem::path& path, const SeriesColumns& columns) {
    const TextFile file(path);
    TimeSeries series;
    series.origin = file.name();
    series.columns = columns_but_date(file, columns);
    if (!columns.columns.empty()) series.columns = columns.columns;
    std::vector<std::string> wanted = {columns.date};
    wanted.insert(wanted.end(), series.columns.begin(), series.columns.end());
    SeriesRows rows(file, series, columns.date);
    read_table(file, columns.layout, wanted,
               [&](int64_t line, std::span<const TableValue> cells) { rows.add(line, cells); });
    if (series.rows() < 2) {
        throw UserError(fmt::format("'{}': expected at least two rows, found {}", file.name(), series.rows()));
    }
    return series;
}

}  // namespace heed
