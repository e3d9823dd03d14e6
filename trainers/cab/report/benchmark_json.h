#pragma once

#include <string>

#include "heed/trainers/cab/report/benchmark_report.h"

namespace heed {

/// Raw values of every run, cohorts, leaderboards and correlations as one JSON object.
std::string benchmark_json(const BenchmarkReport& report);

}  // namespace heed
