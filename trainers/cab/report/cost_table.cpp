#include "heed/trainers/cab/report/cost_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/number_text.h"
#include "heed/trainers/answers/class_table.h"
#include "heed/trainers/benchmark/pattern_key.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr const char* no_cost = "-";
constexpr AttentionCost shown_costs[] = {AttentionCost::total_time, AttentionCost::total_memory};

const char* short_name(AttentionCost cost) {
    return cost == AttentionCost::total_time ? "time" : "memory";
}

std::string relative_text(const std::optional<double>& relative) {
    return relative ? fmt::format("{:.3g}", *relative) : no_cost;
}

/// With a star where the fit does not hold.
std::string fitted_text(const EfficiencyLength& fitted) {
    if (!fitted.length) return no_cost;
    return group_digits(std::llround(*fitted.length)) + (fitted.warning.empty() ? "" : " *");
}

/// Names that share a text, in the order in which they came.
class NamesByText {
public:
    void add(const std::string& text, const std::string& name) {
        for (auto& [known, names] : groups_) {
            if (known == text) return names.push_back(name);
        }
        groups_.push_back({text, {name}});
    }

    const auto& groups() const { return groups_; }

private:
    std::vector<std::pair<std::string, std::vector<std::string>>> groups_;
};

/// Whether it is the reason of an empty cell, which the report has in any case.
bool is_told(const Benchmark& benchmark, const Leaderboard& board, const std::string& type, const std::string& reason) {
    const size_t column = benchmark.find_type(type);
    return std::any_of(board.tasks.begin(), board.tasks.end(),
                       [&](size_t task) { return benchmark.cells[task][column].reason == reason; });
}

std::string cost_number(const std::optional<double>& number) {
    return number ? format_double(*number) : "";
}

}  // namespace

TextTable cost_table(const BenchmarkReport& report, const Leaderboard& board) {
    const PatternCosts& costs = report.costs_of(board.pattern);
    const std::string& baseline = report.benchmark.baseline;
    TextTable table = {{"attention", "index", "delta to " + baseline}};
    for (const AttentionCost cost : shown_costs) {
        const char* name = short_name(cost);
        table.front().push_back(costs.length(cost) > 0 ? fmt::format("{} at {} tokens ({} = 1)", name,
                                                                     group_digits(costs.length(cost)), baseline)
                                                       : fmt::format("{} ({} = 1)", name, baseline));
        table.front().push_back(fmt::format("efficiency length, {}", name));
        table.front().push_back(fmt::format("measured crossing, {}", name));
    }
    for (const PatternIndex& type : board.types) {
        const TypeCosts& of_type = costs.of(type.type);
        const bool is_base = type.type == baseline;
        std::vector<std::string> row = {type.type, index_text(type.index),
                                        is_base && type.delta ? "baseline" : index_text(type.delta)};
        for (const AttentionCost cost : shown_costs) {
            const ComparedCost& compared = of_type.of(cost);
            row.push_back(relative_text(compared.relative));
            row.push_back(fitted_text(compared.fitted));
            row.push_back(of_type.is_empty() || is_base ? no_cost : crossing_text(compared.measured));
        }
        table.push_back(std::move(row));
    }
    return table;
}

std::vector<std::string> cost_gaps(const BenchmarkReport& report, const Leaderboard& board) {
    const PatternCosts& costs = report.costs_of(board.pattern);
    NamesByText missing, dubious;
    for (const PatternIndex& type : board.types) {
        const TypeCosts& of_type = costs.of(type.type);
        if (!of_type.reason.empty() && !is_told(report.benchmark, board, type.type, of_type.reason)) {
            missing.add(of_type.reason, type.type);
        }
        if (of_type.is_empty() || type.type == report.benchmark.baseline) continue;
        for (const AttentionCost cost : shown_costs) {
            const EfficiencyLength& fitted = of_type.of(cost).fitted;
            if (fitted.warning.empty()) continue;
            dubious.add(fmt::format("{} of {} ({})",
                                    fitted.length ? "The efficiency length (*)" : "There is no efficiency length",
                                    short_name(cost), fitted.warning),
                        type.type);
        }
    }
    std::vector<std::string> gaps;
    for (const auto& [reason, types] : missing.groups()) {
        gaps.push_back(fmt::format("Without costs: {}: {}.", listed(types), reason));
    }
    for (const auto& [warning, types] : dubious.groups())
        gaps.push_back(fmt::format("{}: {}.", warning, listed(types)));
    return gaps;
}

std::vector<std::string> notes_on_costs() {
    return {
        "Costs are those of one attention layer, forward and backward, as heed bench attention has measured them: not "
        "those of the models that were trained here, whose sizes and lengths are others. A type has costs where it was "
        "measured with the settings that it has in the tasks of the pattern.",
        "Efficiency length (CAB): where the line through the costs of a type meets the parabola through those of the "
        "baseline; * where that fit does not hold. Measured crossing: the length from which on the type is cheaper, as "
        "far as was measured, straight between two lengths on logarithmic axes."};
}

std::string costs_csv(const BenchmarkReport& report) {
    std::string text =
        "pattern,type,index,delta,cost,length,relative,fitted_length,fit_holds,measured,measured_length,file,reason\n";
    for (const Leaderboard& board : report.boards) {
        const PatternCosts& costs = report.costs_of(board.pattern);
        for (const PatternIndex& type : board.types) {
            const TypeCosts& of_type = costs.of(type.type);
            const std::string start = fmt::format("{},{},{},{},", pattern_key(board.pattern), csv_field(type.type),
                                                  cost_number(type.index), cost_number(type.delta));
            const std::string end = csv_field(of_type.file) + "," + csv_field(of_type.reason) + "\n";
            if (of_type.is_empty()) text += start + ",,,,,,," + end;
            for (const AttentionCost cost : attention_costs) {
                if (of_type.is_empty()) continue;
                const auto& [relative, fitted, measured] = of_type.of(cost);
                text += start + fmt::format("{},{},{},", cost_id(cost), costs.length(cost), cost_number(relative));
                if (type.type == report.benchmark.baseline) {
                    text += ",,,," + end;
                    continue;
                }
                const bool crosses = measured.kind == MeasuredCrossing::Kind::at_length;
                text += fmt::format("{},{},{},{},", cost_number(fitted.length), fitted.warning.empty() ? "yes" : "no",
                                    crossing_key(measured.kind), crosses ? format_double(measured.length) : "") +
                        end;
            }
        }
    }
    return text;
}

}  // namespace heed
