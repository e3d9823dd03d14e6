#pragma once

#include "heed/apps/command_line.h"
#include "heed/trainers/cab/report/benchmark_report.h"

namespace heed {

/// `heed cab --from`: scores raw values of a file, without training. The exit code.
int score_values(const CabCommand& command);

/// The cohorts that a command asks for: of a file, or else those of the benchmark itself.
Cohorts cohorts_for(const CabCommand& command, const Benchmark& benchmark);

/// Puts what types cost beside their indices, and says where it was measured; nothing where there are no files.
void add_costs(BenchmarkReport& report, const std::vector<CostFile>& costs);

/// Writes cab.html, .md, .json and .csv (the raw values), cohorts.csv and, where there are costs, cab_costs.csv into a
/// folder, each atomically.
void write_benchmark(const BenchmarkReport& report, const std::string& folder);

}  // namespace heed
