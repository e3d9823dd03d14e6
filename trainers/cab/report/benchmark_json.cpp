#include "heed/trainers/cab/report/benchmark_json.h"

#include <nlohmann/json.hpp>

#include "heed/trainers/benchmark/pattern_key.h"

namespace heed {

namespace {

using BenchmarkJson = nlohmann::ordered_json;

template <class Number>
BenchmarkJson number_json(const std::optional<Number>& number) {
    return number ? BenchmarkJson(*number) : BenchmarkJson(nullptr);
}

BenchmarkJson range_json(const std::optional<Interval>& interval) {
    if (!interval) return nullptr;
    return {interval->low, interval->high};
}

BenchmarkJson cell_json(const BenchmarkTask& task, const std::string& type, const BenchmarkCell& cell) {
    BenchmarkJson json;
    json["type"] = type;
    if (cell.is_empty()) {
        json["empty"] = cell.reason;
        return json;
    }
    json["in_cohort"] = cell.in_cohort;
    if (cell.attention) json["attention"] = cell.attention->text();
    json["seeds"] = cell.seeds.size();
    for (size_t metric = 0; metric < task.metrics.size(); ++metric) {
        const Summary summary = summary_of(cell.values(metric));
        BenchmarkJson& of_metric = json["metrics"][task.metrics[metric].name];
        of_metric = {{"mean", summary.mean}, {"deviation", summary.deviation}};
        for (const auto& [seed, values] : cell.seeds) of_metric["values"][std::to_string(seed)] = values[metric];
    }
    json["parameters"] = number_json(cell.parameters);
    json["training_seconds"] = number_json(cell.training_seconds);
    return json;
}

BenchmarkJson metric_json(const BenchmarkMetric& metric, const Cohort& cohort) {
    BenchmarkJson json;
    json["name"] = metric.name;
    json["better"] = metric.less_is_better ? "lower" : "higher";
    json["cohort"] = {{"mean", cohort.mean},
                      {"deviation", cohort.deviation},
                      {"ddof", 1},
                      {"count", cohort.count},
                      {"members", cohort.members}};
    if (!cohort.reason.empty()) json["cohort"]["reason"] = cohort.reason;
    return json;
}

BenchmarkJson costs_json(const PatternCosts& costs, const std::string& type, bool is_baseline) {
    const TypeCosts& of_type = costs.of(type);
    BenchmarkJson json;
    json["file"] = of_type.is_empty() ? BenchmarkJson(nullptr) : BenchmarkJson(of_type.file);
    if (!of_type.reason.empty()) json["reason"] = of_type.reason;
    if (of_type.is_empty()) return json;
    for (const AttentionCost cost : attention_costs) {
        const auto& [relative, fitted, measured] = of_type.of(cost);
        BenchmarkJson& of_cost = json[cost_id(cost)];
        of_cost = {{"length", costs.length(cost)}, {"relative", number_json(relative)}};
        if (is_baseline) continue;
        of_cost["fitted_length"] = number_json(fitted.length);
        of_cost["baseline_r2"] = fitted.parabola_r2;  // not a number where there is no fit: null
        of_cost["type_r2"] = fitted.line_r2;
        of_cost["fit_holds"] = fitted.warning.empty();
        if (!fitted.warning.empty()) of_cost["warning"] = fitted.warning;
        const bool crosses = measured.kind == MeasuredCrossing::Kind::at_length;
        of_cost["measured"] = crossing_key(measured.kind);
        of_cost["measured_length"] = crosses ? BenchmarkJson(measured.length) : BenchmarkJson(nullptr);
    }
    return json;
}

BenchmarkJson index_json(const BenchmarkReport& report, const Leaderboard& board, const PatternIndex& type) {
    BenchmarkJson json;
    json["type"] = type.type;
    json["rank"] = type.rank > 0 ? BenchmarkJson(type.rank) : BenchmarkJson(nullptr);
    json["rank_of_seeds"] = type.best_rank > 0 ? BenchmarkJson({type.best_rank, type.worst_rank}) : nullptr;
    json["index"] = number_json(type.index);
    json["seeds"] = {{"count", type.seeds.count},
                     {"mean", type.seeds.mean},
                     {"deviation", type.seeds.deviation},
                     {"interval", range_json(type.interval)}};
    json["delta"] = number_json(type.delta);
    json["delta_interval"] = range_json(type.delta_interval);
    for (size_t i = 0; i < board.tasks.size(); ++i) {
        json["tasks"][report.benchmark.tasks[board.tasks[i]].name] = number_json(type.tasks[i]);
    }
    if (!type.reason.empty()) json["reason"] = type.reason;
    if (!report.costs.empty()) {
        json["costs"] = costs_json(report.costs_of(board.pattern), type.type, type.type == report.benchmark.baseline);
    }
    return json;
}

}  // namespace

std::string benchmark_json(const BenchmarkReport& report) {
    const Benchmark& benchmark = report.benchmark;
    BenchmarkJson json;
    json["title"] = report.title;
    for (const auto& [label, value] : report.facts) json["facts"][label] = value;
    json["baseline"] = benchmark.baseline;
    json["types"] = benchmark.types;
    json["tasks"] = BenchmarkJson::array();
    for (size_t task = 0; task < benchmark.tasks.size(); ++task) {
        const BenchmarkTask& of = benchmark.tasks[task];
        BenchmarkJson each;
        each["name"] = of.name;
        each["pattern"] = pattern_key(of.pattern);
        for (size_t metric = 0; metric < of.metrics.size(); ++metric) {
            each["metrics"].push_back(metric_json(of.metrics[metric], report.cohorts[task][metric]));
        }
        for (size_t type = 0; type < benchmark.types.size(); ++type) {
            each["cells"].push_back(cell_json(of, benchmark.types[type], benchmark.cells[task][type]));
        }
        json["tasks"].push_back(std::move(each));
    }
    json["leaderboards"] = BenchmarkJson::array();
    for (const Leaderboard& board : report.boards) {
        BenchmarkJson each;
        each["pattern"] = pattern_key(board.pattern);
        if (!board.reason.empty()) each["reason"] = board.reason;
        for (const PatternIndex& type : board.types) each["types"].push_back(index_json(report, board, type));
        json["leaderboards"].push_back(std::move(each));
    }
    json["correlations"] = BenchmarkJson::array();
    for (const PatternCorrelation& each : report.correlations) {
        json["correlations"].push_back({{"patterns", {pattern_key(each.first), pattern_key(each.second)}},
                                        {"pearson", number_json(each.pearson)},
                                        {"interval", range_json(each.interval)},
                                        {"types", each.types}});
    }
    json["notes"] = report.notes;
    return json.dump(2, ' ', false, BenchmarkJson::error_handler_t::replace) + "\n";
}

}  // namespace heed
