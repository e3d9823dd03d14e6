#include "heed/datasets/series/calendar.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <initializer_list>
#include <numbers>
#include <numeric>
#include <utility>

namespace heed {

namespace {

constexpr int64_t minute = 60, hour = 60 * minute, day = 24 * hour, week = 7 * day;

/// Takes digits, at least `least` and at most `most`, off the text; negative where there are fewer.
int64_t take_number(std::string_view& text, size_t least, size_t most) {
    int64_t number = 0;
    size_t digits = 0;
    while (digits < most && digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
        number = 10 * number + (text[digits++] - '0');
    }
    if (digits < least) return -1;
    text.remove_prefix(digits);
    return number;
}

bool take_mark(std::string_view& text, std::string_view marks) {
    if (text.empty() || marks.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

std::chrono::sys_days day_of(int64_t seconds) {
    return std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(seconds)));
}

int64_t seconds_of(const std::chrono::year_month_day& date) {
    return std::chrono::sys_seconds(std::chrono::sys_days(date)).time_since_epoch().count();
}

int64_t time_of_day(int64_t seconds) {
    return ((seconds % day) + day) % day;
}

bool is_month_end(const std::chrono::year_month_day& date) {
    return date.day() == (date.year() / date.month() / std::chrono::last).day();
}

int64_t month_number(const std::chrono::year_month_day& date) {
    return int64_t{int{date.year()}} * 12 + unsigned{date.month()} - 1;
}

}  // namespace

std::optional<int64_t> parse_date_time(std::string_view text) {
    const int64_t year = take_number(text, 4, 4);
    if (year < 0 || !take_mark(text, "-/")) return std::nullopt;
    const int64_t month = take_number(text, 1, 2);
    if (month < 0 || !take_mark(text, "-/")) return std::nullopt;
    const int64_t month_day = take_number(text, 1, 2);
    if (month_day < 0) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(month_day))};
    if (!date.ok()) return std::nullopt;
    int64_t time = 0;
    if (!text.empty()) {
        if (!take_mark(text, " T")) return std::nullopt;
        const int64_t hours = take_number(text, 1, 2);
        if (hours < 0 || hours > 23 || !take_mark(text, ":")) return std::nullopt;
        const int64_t minutes = take_number(text, 2, 2);
        int64_t seconds = 0;
        if (take_mark(text, ":")) seconds = take_number(text, 2, 2);
        if (minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59 || !text.empty()) return std::nullopt;
        time = hours * hour + minutes * minute + seconds;
    }
    return seconds_of(date) + time;
}

std::string date_text(int64_t seconds) {
    const std::chrono::year_month_day date(day_of(seconds));
    return fmt::format("{:04}-{:02}-{:02}", int{date.year()}, unsigned{date.month()}, unsigned{date.day()});
}

std::string date_time_text(int64_t seconds) {
    const int64_t time = time_of_day(seconds);
    return fmt::format("{} {:02}:{:02}:{:02}", date_text(seconds), time / hour, time % hour / minute, time % minute);
}

TimeStep TimeStep::between(int64_t earlier, int64_t later) {
    const std::chrono::year_month_day first(day_of(earlier)), second(day_of(later));
    const int64_t months = month_number(second) - month_number(first);
    const bool ends = is_month_end(first) && is_month_end(second);
    if (months > 0 && (ends || first.day() == second.day()) && time_of_day(earlier) == time_of_day(later)) {
        return {0, months, ends};
    }
    return {later - earlier, 0};
}

int64_t TimeStep::after(int64_t time, int64_t count) const {
    if (months == 0) return time + count * seconds;
    const std::chrono::year_month_day date(day_of(time));
    std::chrono::year_month_day moved = date + std::chrono::months(count * months);
    if (month_end || !moved.ok()) moved = moved.year() / moved.month() / std::chrono::last;
    return seconds_of(moved) + time_of_day(time);
}

bool TimeStep::keeps_midnight() const {
    return months > 0 || seconds % day == 0;
}

int64_t TimeStep::season() const {
    if (months > 0) return months < 12 && 12 % months == 0 ? 12 / months : 0;
    if (seconds <= 0) return 0;
    if (seconds < day) return day % seconds == 0 ? day / seconds : 0;
    return seconds < week && week % seconds == 0 ? week / seconds : 0;
}

std::string TimeStep::text() const {
    const auto counted = [](int64_t count, const char* what) {
        return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
    };
    if (months > 0) return counted(months, "month");
    for (const auto& [length, name] : {std::pair{week, "week"}, {day, "day"}, {hour, "hour"}, {minute, "minute"}}) {
        if (seconds % length == 0) return counted(seconds / length, name);
    }
    return counted(seconds, "second");
}

void fill_calendar(int64_t seconds, std::span<float> features) {
    const std::chrono::sys_days days = day_of(seconds);
    const std::chrono::year_month_day date(days);
    const std::chrono::weekday weekday(days);
    const double parts[calendar_features / 2] = {static_cast<double>(time_of_day(seconds)) / static_cast<double>(day),
                                                 static_cast<double>(weekday.iso_encoding() - 1) / 7.0,
                                                 static_cast<double>(unsigned{date.day()} - 1) / 31.0,
                                                 static_cast<double>(unsigned{date.month()} - 1) / 12.0};
    for (size_t i = 0; i < std::size(parts); ++i) {
        const double angle = 2.0 * std::numbers::pi * parts[i];
        features[2 * i] = static_cast<float>(std::sin(angle));
        features[2 * i + 1] = static_cast<float>(std::cos(angle));
    }
}

}  // namespace heed
