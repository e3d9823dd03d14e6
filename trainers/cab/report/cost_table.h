#pragma once

#include <string>
#include <vector>

#include "heed/trainers/cab/report/benchmark_report.h"

namespace heed {

/// The types of a pattern by rank with what they cost beside index and delta: time and memory of forward and backward
/// relative to the baseline's, efficiency lengths, and where the measured curves cross.
TextTable cost_table(const BenchmarkReport& report, const Leaderboard& board);

/// Types of a pattern that have no costs, or no time at the longest length, with the reasons, and fits that do not
/// hold. Sentences.
std::vector<std::string> cost_gaps(const BenchmarkReport& report, const Leaderboard& board);

/// What a reader has to know of costs, a sentence or some each.
std::vector<std::string> notes_on_costs();

/// A line each type, pattern and cost: pattern, type, index, delta, cost, length, relative, fitted_length, fit_holds,
/// measured, measured_length, file, reason.
std::string costs_csv(const BenchmarkReport& report);

}  // namespace heed
