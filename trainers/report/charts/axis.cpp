#include "heed/trainers/report/charts/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "heed/trainers/report/text.h"

namespace heed {

namespace {

/// The smallest of 1, 2, 5, 10, 20, ... (and 0.5, 0.2, ...) that cuts `range` into at most `count` parts.
double nice_step(double range, int count) {
    const double least = range / count;
    const double power = std::pow(10.0, std::floor(std::log10(least)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= least * (1.0 - 1e-9)) return factor * power;
    }
    return 10.0 * power;
}

/// A number that is a multiple of `step`, on an axis whose largest value is `largest`.
std::string label(double value, double step, double largest) {
    if (value == 0.0) return "0";
    if (largest < 1e-3 || largest >= 1e9) {
        const int exponent = static_cast<int>(std::floor(std::log10(largest) + 1e-9));
        const int digits = std::clamp(exponent - static_cast<int>(std::floor(std::log10(step) + 1e-9)), 0, 6);
        return fmt::format("{:.{}f}e{}", value / std::pow(10.0, exponent), digits, exponent);
    }
    const double unit = largest >= 1e6 ? 1e6 : largest >= 1e5 ? 1e3 : 1.0;  // longer labels would not fit
    const int digits = std::clamp(-static_cast<int>(std::floor(std::log10(step / unit) + 1e-9)), 0, 9);
    const std::string suffix = largest >= 1e6 ? "M" : largest >= 1e5 ? "k" : "";
    if (digits == 0) return group_digits(std::llround(value / unit)) + suffix;
    return fmt::format("{:.{}f}{}", value / unit, digits, suffix);
}

void add_ticks(Axis& axis, double step) {
    const double largest = std::max(std::abs(axis.low), std::abs(axis.high));
    const double slack = 1e-6 * step;
    for (double number = std::ceil((axis.low - slack) / step); number * step <= axis.high + slack; number += 1.0) {
        const double value = number == 0.0 ? 0.0 : number * step;  // no minus zero
        axis.ticks.push_back({value, label(value, step, largest)});
    }
}

}  // namespace

double Axis::position(double value) const {
    if (!logarithmic) return (value - low) / (high - low);
    if (!(value > 0.0)) return std::numeric_limits<double>::quiet_NaN();
    return std::log(value / low) / std::log(high / low);
}

Axis rounded_axis(double low, double high, int count) {
    if (!(high - low > 1e-9 * std::max(std::abs(low), std::abs(high)))) {  // a constant, or nothing at all
        const double room = low == 0.0 ? 1.0 : 0.1 * std::abs(low);
        low -= low == 0.0 ? 0.0 : room;
        high += room;
    }
    const double step = nice_step(high - low, count);
    Axis axis;
    axis.low = step * std::floor(low / step + 1e-6);
    axis.high = step * std::ceil(high / step - 1e-6);
    add_ticks(axis, step);
    return axis;
}

Axis whole_number_axis(double low, double high, int count) {
    Axis axis;
    axis.low = low;
    axis.high = std::max(high, low + 1.0);
    add_ticks(axis, std::max(1.0, nice_step(axis.high - axis.low, count)));
    return axis;
}

Axis logarithmic_axis(double low, double high) {
    Axis axis;
    axis.logarithmic = true;
    axis.low = low / 1.1;
    axis.high = std::max(high, 2.0 * low) * 1.1;
    const double decades = std::log10(axis.high / axis.low);
    const int skip = static_cast<int>(std::ceil(decades / 8.0));
    const auto first = static_cast<int>(std::floor(std::log10(axis.low)));
    const auto last = static_cast<int>(std::ceil(std::log10(axis.high)));
    for (int exponent = first; exponent <= last; exponent += skip) {
        for (const double factor : {1.0, 2.0, 5.0}) {
            if (factor != 1.0 && decades > 2.5) continue;
            const double value = factor * std::pow(10.0, exponent);
            if (value < axis.low || value > axis.high) continue;
            const bool plain = exponent >= -4 && exponent < 5;
            axis.ticks.push_back({value, plain ? (exponent < 0 ? fmt::format("{:.{}f}", value, -exponent)
                                                               : group_digits(std::llround(value)))
                                               : fmt::format("{:.0f}e{}", factor, exponent)});
        }
    }
    return axis;
}

Axis logarithmic_axis_at(std::vector<double> values) {
    constexpr double room = 0.09;  // of the axis, for a label
    std::sort(values.begin(), values.end());
    Axis axis = logarithmic_axis(values.front(), values.back());
    axis.ticks.clear();
    for (const double value : values) {
        if (!axis.ticks.empty() && axis.position(value) - axis.position(axis.ticks.back().value) < room) continue;
        const bool is_whole = value == std::floor(value) && value < 1e9;
        axis.ticks.push_back({value, is_whole ? group_digits(std::llround(value)) : fmt::format("{:.3g}", value)});
    }
    return axis;
}

}  // namespace heed
