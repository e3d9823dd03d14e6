#include "heed/trainers/comparison/costs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "heed/trainers/report/text.h"

namespace heed {

namespace {

std::optional<double> as_double(std::optional<int64_t> number) {
    return number ? std::optional(static_cast<double>(*number)) : std::nullopt;
}

std::string count_text(double value) {
    return group_digits(std::llround(value));
}

std::string scaled_count_text(double value) {
    constexpr std::array units = {"", " k", " M", " G", " T"};
    size_t unit = 0;
    for (; value >= 1000.0 && unit + 1 < units.size(); ++unit) value /= 1000.0;
    return fmt::format("{:.{}f}{}", value, unit == 0 ? 0 : value < 10.0 ? 2 : 1, units[unit]);
}

std::string memory_text(double bytes) {
    return bytes_text(std::llround(bytes));
}

constexpr std::array measures = {
    CostMeasure{"attention_parameters", "attention parameters", false,
                [](const RunResult& run) { return as_double(run.attention_parameters); }, count_text},
    CostMeasure{"parameters", "all parameters", false, [](const RunResult& run) { return as_double(run.parameters); },
                count_text},
    CostMeasure{"multiplies", "multiply-adds", false, [](const RunResult& run) { return as_double(run.multiplies); },
                scaled_count_text},
    CostMeasure{"training_seconds", "training", true,
                [](const RunResult& run) { return std::optional(run.training_seconds); }, duration_text},
    CostMeasure{"inference_seconds", "inference of a sample", true,
                [](const RunResult& run) { return run.inference_seconds; }, short_time_text},
    CostMeasure{"peak_bytes", "peak memory", true, [](const RunResult& run) { return as_double(run.peak_bytes); },
                memory_text}};

}  // namespace

std::span<const CostMeasure> cost_measures() {
    return measures;
}

const CostMeasure* find_cost_measure(const std::string& name) {
    const auto found =
        std::find_if(measures.begin(), measures.end(), [&](const CostMeasure& each) { return each.name == name; });
    return found == measures.end() ? nullptr : &*found;
}

}  // namespace heed
