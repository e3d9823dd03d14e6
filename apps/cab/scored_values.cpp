#include "heed/apps/cab/scored_values.h"

#include <fmt/core.h>

#include <optional>

#include "heed/apps/comparison/comparison_lock.h"
#include "heed/core/files/atomic_file.h"
#include "heed/trainers/cab/report/benchmark_json.h"
#include "heed/trainers/cab/report/benchmark_page.h"
#include "heed/trainers/cab/values_file.h"

namespace heed {

int score_values(const CabCommand& command) {
    const Benchmark benchmark = read_values(command.from, command.baseline.empty() ? "sdpa" : command.baseline);
    BenchmarkReport report("Attention types scored: " + command.from, benchmark, cohorts_for(command, benchmark));
    report.facts = {{"Values", command.from}, {"Baseline", benchmark.baseline}};
    if (!command.cohorts.empty()) report.facts.emplace_back("Cohorts", command.cohorts);
    report.command = command.text;
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

void write_benchmark(const BenchmarkReport& report, const std::string& folder) {
    write_file_atomically(folder + "/cab.json", benchmark_json(report));
    write_file_atomically(folder + "/cab.csv", values_csv(report.benchmark));
    write_file_atomically(folder + "/cohorts.csv", cohorts_csv(report.benchmark, report.cohorts));
    write_file_atomically(folder + "/cab.md", benchmark_markdown(report));
    write_file_atomically(folder + "/cab.html", benchmark_page(report));
}

}  // namespace heed
