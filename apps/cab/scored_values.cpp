#include "heed/apps/cab/scored_values.h"

#include <fmt/core.h>

#include <filesystem>
#include <optional>

#include "heed/apps/commit.h"
#include "heed/apps/comparison/comparison_lock.h"
#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/trainers/cab/report/benchmark_json.h"
#include "heed/trainers/cab/report/benchmark_page.h"
#include "heed/trainers/cab/report/cost_table.h"
#include "heed/trainers/cab/values_file.h"
#include "heed/trainers/checkpoint/checkpoint_facts.h"

namespace heed {

namespace {

/// The attention type of the baseline. Throws UserError where the values do not tell it.
std::string baseline_type(const Benchmark& benchmark, const std::string& file) {
    const size_t baseline = benchmark.find_type(benchmark.baseline);
    for (const std::vector<BenchmarkCell>& cells : benchmark.cells) {
        if (cells[baseline].attention) return cells[baseline].attention->type->name;
    }
    throw UserError(file + ": --bench needs the column attention (\"smyrf cluster=16\"), which says the attention of " +
                    benchmark.baseline + " and the other types");
}

}  // namespace

int score_values(const CabCommand& command) {
    const Benchmark benchmark = read_values(command.from, command.baseline.empty() ? "sdpa" : command.baseline);
    const std::vector<CostFile> costs = read_cost_files(command.bench);
    if (!costs.empty()) check_cost_baseline(costs, benchmark.baseline, baseline_type(benchmark, command.from));
    BenchmarkReport report("Attention types scored: " + command.from, benchmark, cohorts_for(command, benchmark));
    report.facts = {{"Values", command.from}, {"Baseline", benchmark.baseline}};
    if (!command.cohorts.empty()) report.facts.emplace_back("Cohorts", command.cohorts);
    add_costs(report, costs);
    report.origin = {command.text, source_commit(), numeric_versions()};
    std::optional<ComparisonLock> lock;
    if (!command.folder.empty()) lock.emplace(command.folder);
    fmt::print("{}", benchmark_text(report));
    if (command.folder.empty()) return 0;
    write_benchmark(report, command.folder);
    fmt::print("report: {}/cab.html\n", command.folder);
    return 0;
}

Cohorts cohorts_for(const CabCommand& command, const Benchmark& benchmark) {
    return command.cohorts.empty() ? own_cohorts(benchmark) : read_cohorts(command.cohorts, benchmark);
}

void add_costs(BenchmarkReport& report, const std::vector<CostFile>& costs) {
    if (costs.empty()) return;
    report.costs = pattern_costs(report.benchmark, costs);
    std::string files;
    for (const CostFile& each : costs) files += (files.empty() ? "" : ", ") + each.file;
    report.facts.emplace_back("Costs", files);
    for (const auto& [name, value] : costs.front().measured.facts) {
        if (name == "layer" || name == "device" || name == "threads")
            report.facts.emplace_back("Costs: " + name, value);
    }
}

void write_benchmark(const BenchmarkReport& report, const std::string& folder) {
    const std::string costs = folder + "/cab_costs.csv";
    if (report.costs.empty()) {
        std::filesystem::remove(costs);  // of an earlier report
    } else {
        write_file_atomically(costs, costs_csv(report));
    }
    write_file_atomically(folder + "/cab.json", benchmark_json(report));
    write_file_atomically(folder + "/cab.csv", values_csv(report.benchmark));
    write_file_atomically(folder + "/cohorts.csv", cohorts_csv(report.benchmark, report.cohorts));
    write_file_atomically(folder + "/cab.md", benchmark_markdown(report));
    write_file_atomically(folder + "/cab.html", benchmark_page(report));
}

}  // namespace heed
