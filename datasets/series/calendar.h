#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace heed {

/// The seconds from 1970-01-01 00:00:00 to a date and time of no time zone: "2016-07-01 13:00:00", where seconds, or
/// the whole time, may be missing, T may stand for the blank and / for -. Nothing where the text is no such date.
std::optional<int64_t> parse_date_time(std::string_view text);

/// "2016-07-01 13:00:00"
std::string date_time_text(int64_t seconds);
/// "2016-07-01"
std::string date_text(int64_t seconds);

/// The time between two rows of a series: seconds, or months of the calendar, which are of different length.
struct TimeStep {
    int64_t seconds = 0;
    int64_t months = 0;      ///< where they are not 0, seconds are
    bool month_end = false;  ///< of months: all times are on the last day of one

    /// The step from one time to a later one: months where both are at the same time of the same, or the last, day of
    /// one.
    static TimeStep between(int64_t earlier, int64_t later);

    /// `count` steps behind `time`; a day that its month does not have becomes the last of the month.
    int64_t after(int64_t time, int64_t count) const;

    /// Whether all times are at midnight where one is.
    bool keeps_midnight() const;
    /// Steps of a day, of shorter steps; of a week, of steps of a day; of a year, of months; 0 where none of these is a
    /// whole number of more than one step.
    int64_t season() const;
    /// "1 hour", "15 minutes", "1 month"
    std::string text() const;

    bool operator==(const TimeStep&) const = default;
};

/// Numbers that a model gets of a date.
inline constexpr int64_t calendar_features = 8;

/// Sine and cosine of the hour in the day, the day in the week, the day in the month and the month in the year, as
/// parts of a circle, so that 23 o'clock is beside 0.
void fill_calendar(int64_t seconds, std::span<float> features);

}  // namespace heed
