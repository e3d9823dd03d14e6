#pragma once

#include <string>

#include "heed/trainers/cab/benchmark.h"
#include "heed/trainers/cab/cohort.h"

namespace heed {

/// Raw results as CSV, a line each value: pattern, task, metric, better (lower or higher), type, seed, value, cohort
/// (yes or no), reason, attention (type and settings). An empty cell is a line without metric, seed and value.
std::string values_csv(const Benchmark& benchmark);

/// Reads such a file; the columns seed (0), cohort (yes), reason and attention may be left out. Throws UserError with
/// file and line where it is not well formed, contradicts itself, or lacks a metric that others of its task have.
Benchmark read_values(const std::string& file, const std::string& baseline);

/// Cohorts as CSV, a line each metric: pattern, task, metric, mean, deviation, count, members.
std::string cohorts_csv(const Benchmark& benchmark, const Cohorts& cohorts);

/// Reads such a file, for later types to be scored by an earlier cohort; the column members may be left out. Throws
/// UserError as read_values does, and where a metric of the benchmark is missing.
Cohorts read_cohorts(const std::string& file, const Benchmark& benchmark);

}  // namespace heed
