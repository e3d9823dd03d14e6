#include "heed/datasets/series/sets/split_point.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "heed/core/error.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace {

template <class Number>
bool reads_as(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

SplitPoint::SplitPoint(const std::string& key, const std::string& text) : key_(key), text_(text) {
    const std::string_view all = trimmed(text);
    if (const std::optional<int64_t> date = parse_date_time(all)) {
        unit_ = Unit::date;
        number_ = *date;
        return;
    }
    if (reads_as(all, number_) && number_ >= 0) return;
    const bool percent = all.ends_with('%');
    if (reads_as(percent ? trimmed(all.substr(0, all.size() - 1)) : all, share_)) {
        if (percent) share_ /= 100.0;
        unit_ = Unit::share;
        if (share_ >= 0.0 && share_ < 1.0) return;
    }
    throw UserError(fmt::format(
        "{} expects a share below 1 (20% or 0.2), a number of rows, or the date of the first row of the part, got {}",
        key, quote(text)));
}

int64_t SplitPoint::begin(const TimeSeries& series, int64_t end) const {
    if (unit_ == Unit::date) {
        const auto row = std::lower_bound(series.times.begin(), series.times.begin() + end, number_);
        if (row == series.times.begin() || row == series.times.begin() + end) {
            throw UserError(fmt::format(
                "{} {}: '{}' has no rows of training in front of that date, or none from it on: it goes from {} to {}",
                key_, text_, series.origin, series.time_text(series.times.front()),
                series.time_text(series.times[static_cast<std::size_t>(end - 1)])));
        }
        return row - series.times.begin();
    }
    const int64_t rows = unit_ == Unit::rows ? number_ : std::llround(share_ * static_cast<double>(series.rows()));
    if (rows >= end) {
        throw UserError(
            fmt::format("{} {} takes {} rows, but '{}' has {} there: expected fewer, so that some are left "
                        "to train on",
                        key_, text_, rows, series.origin, end));
    }
    return end - rows;
}

}  // namespace heed
