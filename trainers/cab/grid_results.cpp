#include "heed/trainers/cab/grid_results.h"

#include <fmt/format.h>

#include <cmath>

#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/comparison/statistics/statistics.h"

namespace heed {

namespace {

Benchmark empty_benchmark(const BenchmarkGrid& grid) {
    std::vector<BenchmarkTask> tasks;
    for (const GridTask& task : grid.tasks) tasks.push_back(task.benchmark_task());
    return {std::move(tasks), grid.type_names(), grid.baseline};
}

/// Values of the task's metrics; in `problem` why there are none.
std::vector<double> values_of(const BenchmarkTask& task, const RunResult& run, std::string& problem) {
    std::vector<double> values;
    for (const BenchmarkMetric& metric : task.metrics) {
        const auto found = run.test.find(metric.name);
        if (found == run.test.end()) {
            std::vector<std::string> names;
            for (const auto& [name, value] : run.test) names.push_back(name);
            problem = "its test has no " + metric.name + " but " + (names.empty() ? "nothing" : listed(names));
        } else if (!std::isfinite(found->second)) {
            problem = metric.name + " is not a finite number";
        } else {
            values.push_back(found->second);
        }
    }
    return values;
}

std::string joined_texts(const std::set<std::string>& texts) {
    std::string text;
    for (const std::string& each : texts) text += (text.empty() || each.empty() ? "" : "; ") + each;
    return text;
}

}  // namespace

GridResults::GridResults(const GridPlan& plan, RunResults& results, const std::map<std::string, std::string>& failures)
    : benchmark_(empty_benchmark(plan.grid())) {
    for (size_t task = 0; task < plan.grid().tasks.size(); ++task) {
        std::vector<RunResult> of_task;
        for (size_t type = 0; type < plan.grid().types.size(); ++type) {
            fill(plan.cell(task, type), results, failures, of_task);
        }
        if (!of_task.empty()) check_comparable(of_task);
    }
}

void GridResults::fill(const GridCell& cell, RunResults& results, const std::map<std::string, std::string>& failures,
                       std::vector<RunResult>& of_task) {
    const BenchmarkTask& task = benchmark_.tasks[cell.task];
    BenchmarkCell& filled = benchmark_.cells[cell.task][cell.type];
    filled.reason = cell.reason;
    filled.attention = cell.attention;
    std::vector<std::string> problems;
    std::vector<double> seconds, parameters;
    for (const PlannedRun& run : cell.runs) {
        std::string problem;
        if (is_done(run)) {
            const RunResult& result = results.of(run.folder);
            const std::vector<double> values = values_of(task, result, problem);
            if (problem.empty()) {
                filled.seeds[run.seed] = values;
                seconds.push_back(result.training_seconds);
                if (result.parameters) parameters.push_back(static_cast<double>(*result.parameters));
            }
            for (const RunCall& call : result.history.calls) {
                commits_.insert(call.origin.commit);
                versions_.insert(call.origin.versions);
            }
            of_task.push_back(result);
        } else {
            const auto failure = failures.find(run.folder);
            problem = failure == failures.end() ? "it has not been trained" : failure->second;
        }
        if (!problem.empty()) problems.push_back(run.text() + ": " + problem);
    }
    if (!seconds.empty()) filled.training_seconds = summary_of(seconds).mean;
    if (!parameters.empty()) filled.parameters = summary_of(parameters).mean;
    if (problems.empty()) return;
    if (filled.is_empty()) {
        filled.reason = "no run came to its end: " + problems.front();
    } else {
        for (const std::string& problem : problems) notes_.push_back("Left out: " + problem + ".");
    }
}

RunOrigin GridResults::origin() const {
    return {.commit = joined_texts(commits_), .versions = joined_texts(versions_)};
}

std::string metrics_text(const BenchmarkTask& task, const RunResult& run) {
    std::string text;
    for (const BenchmarkMetric& metric : task.metrics) {
        const auto found = run.test.find(metric.name);
        text += (text.empty() ? "" : ", ") + metric.name + " " +
                (found == run.test.end() ? std::string("-") : fmt::format("{:.4g}", found->second));
    }
    return text;
}

}  // namespace heed
