#include "heed/trainers/benchmark/attention_benchmark_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "heed/core/settings/number_text.h"
#include "heed/trainers/answers/class_table.h"
#include "heed/trainers/benchmark/pattern_key.h"
#include "heed/trainers/comparison/report/comparison_text.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr const char* no_value = "-";

template <class CellText>
BenchmarkTable table_of_lengths(const AttentionBenchmark& benchmark, AttentionPattern pattern, const CellText& text) {
    BenchmarkTable table = {{"type"}};
    for (const int64_t length : benchmark.plan.lengths) table.front().push_back(group_digits(length));
    for (size_t type = 0; type < benchmark.plan.types.size(); ++type) {
        std::vector<std::string> row = {benchmark.name_of(type)};
        for (const int64_t length : benchmark.plan.lengths) row.push_back(text(benchmark.cell(pattern, length, type)));
        table.push_back(std::move(row));
    }
    return table;
}

std::string r2_text(double r2) {
    return std::isnan(r2) ? no_value : fmt::format("{:.4f}", r2);
}

std::string bytes_cell(const AttentionBenchmarkCell& cell) {
    if (!cell.bytes) return no_value;
    return fmt::format("{} / {}{}", bytes_text(cell.bytes->forward), bytes_text(cell.bytes->total),
                       cell.bytes->counted ? " *" : "");
}

std::string csv_number(const std::optional<double>& number) {
    return number ? format_double(*number) : "";
}

}  // namespace

BenchmarkTable time_table(const AttentionBenchmark& benchmark, AttentionPattern pattern) {
    return table_of_lengths(benchmark, pattern, [](const AttentionBenchmarkCell& cell) -> std::string {
        if (!cell.times) return no_value;
        return fmt::format("{} / {}", short_time_text(cell.times->forward.median),
                           short_time_text(cell.times->total.median));
    });
}

BenchmarkTable memory_table(const AttentionBenchmark& benchmark, AttentionPattern pattern) {
    return table_of_lengths(benchmark, pattern, bytes_cell);
}

BenchmarkTable efficiency_table(const AttentionBenchmark& benchmark, AttentionPattern pattern) {
    BenchmarkTable table;
    for (const TypeEfficiency& each : benchmark.efficiencies) {
        if (each.pattern != pattern) continue;
        if (table.empty()) {
            table.push_back({"type", "of", "fitted", "R² of sdpa", "R² of the type", "measured", "fit"});
        }
        const EfficiencyLength& fitted = each.fitted;
        table.push_back({benchmark.name_of(each.type), cost_label(each.cost),
                         fitted.length ? group_digits(std::llround(*fitted.length)) : no_value,
                         r2_text(fitted.parabola_r2), r2_text(fitted.line_r2), crossing_text(each.measured),
                         fitted.warning.empty() ? "holds" : "warning: " + fitted.warning});
    }
    return table;
}

std::vector<std::string> empty_cells(const AttentionBenchmark& benchmark, AttentionPattern pattern) {
    std::vector<std::string> lines;
    for (size_t type = 0; type < benchmark.plan.types.size(); ++type) {
        std::string before;
        for (const int64_t length : benchmark.plan.lengths) {
            const std::string& reason = benchmark.cell(pattern, length, type).reason;
            if (!reason.empty() && reason != before) {
                lines.push_back(
                    fmt::format("{} from {} tokens on: {}", benchmark.name_of(type), group_digits(length), reason));
            }
            before = reason;
        }
    }
    return lines;
}

std::vector<std::string> benchmark_notes(const AttentionBenchmark& benchmark) {
    int64_t fewest = benchmark.plan.options.runs;
    bool counted = false;
    for (const AttentionBenchmarkCell& cell : benchmark.cells) {
        if (cell.times) fewest = std::min(fewest, cell.times->runs);
        counted = counted || (cell.bytes && cell.bytes->counted);
    }
    std::vector<std::string> notes = {fmt::format(
        "Times are medians of {} passes{} of one layer in training mode, recorded for backward, with the gradients of "
        "weights and inputs: forward / forward and backward.",
        benchmark.plan.options.runs,
        fewest < benchmark.plan.options.runs ? fmt::format(" (of long ones fewer, at least {})", fewest) : "")};
    notes.emplace_back(
        "Memory is the most that tensors had at once beside weights, their gradients and inputs, by the engine's own "
        "count.");
    if (counted) notes.emplace_back("* counted without computing.");
    if (!benchmark.efficiencies.empty()) {
        notes.emplace_back(
            "Efficiency length: where the line through a type's costs meets the parabola through those of sdpa (CAB, "
            "Zhang et al., ICML 2023; of times without the smallest length of the type). Measured: where the measured "
            "curves cross, straight on logarithmic axes.");
    } else {
        notes.emplace_back("Efficiency lengths need sdpa and another type that can do the pattern.");
    }
    for (const BenchmarkedType& type : benchmark.plan.types) {
        if (!type.given.empty()) notes.push_back(fmt::format("{}: {}", type.type->name, fmt::join(type.given, ", ")));
    }
    return notes;
}

std::string attention_benchmark_text(const AttentionBenchmark& benchmark) {
    std::string text;
    for (const auto& [name, value] : benchmark.facts) text += fmt::format("{:<8} {}\n", name, value);
    for (const AttentionPattern pattern : benchmark.plan.patterns) {
        text += fmt::format("\n{}, time\n{}", attention_pattern_name(pattern), aligned(time_table(benchmark, pattern)));
        text +=
            fmt::format("\n{}, memory\n{}", attention_pattern_name(pattern), aligned(memory_table(benchmark, pattern)));
        const BenchmarkTable efficiency = efficiency_table(benchmark, pattern);
        if (!efficiency.empty()) {
            text += fmt::format("\n{}, efficiency length against sdpa\n{}", attention_pattern_name(pattern),
                                aligned(efficiency));
        }
        const std::vector<std::string> reasons = empty_cells(benchmark, pattern);
        if (!reasons.empty()) text += fmt::format("\n{}, no times\n", attention_pattern_name(pattern));
        for (const std::string& reason : reasons) text += reason + "\n";
    }
    text += "\n";
    for (const std::string& note : benchmark_notes(benchmark)) text += note + "\n";
    return text;
}

std::string attention_benchmark_csv(const AttentionBenchmark& benchmark) {
    std::string text =
        "pattern,type,length,runs,forward_seconds,forward_low,forward_high,total_seconds,total_low,total_high,"
        "forward_bytes,total_bytes,bytes_counted,multiplies,reason\n";
    for (const AttentionBenchmarkCell& cell : benchmark.cells) {
        text += fmt::format("{},{},{},", pattern_key(cell.pattern), benchmark.name_of(cell.type), cell.length);
        if (cell.times) {
            const auto& [forward, total, runs] = *cell.times;
            text += std::to_string(runs);
            for (const Quartiles& each : {forward, total}) {
                text += fmt::format(",{},{},{}", format_double(each.median), format_double(each.low),
                                    format_double(each.high));
            }
        } else {
            text += "0,,,,,,";
        }
        text += fmt::format(",{},{},{},{},{}\n", csv_number(cost_of(cell, AttentionCost::forward_memory)),
                            csv_number(cost_of(cell, AttentionCost::total_memory)),
                            cell.bytes && cell.bytes->counted ? "true" : "false", format_double(cell.multiplies),
                            csv_field(cell.reason));
    }
    return text;
}

}  // namespace heed
