#pragma once

#include <string>
#include <string_view>

#include "heed/trainers/cab/report/benchmark_report.h"

namespace heed {

/// A <figure> of the types of a pattern, each with a mark at its index and the time that it takes at the greatest
/// length, relative to the baseline's, with the front of those that none is ahead of in both; below it the types that
/// are not there, with reasons. Empty where no type has both.
std::string cost_chart(const BenchmarkReport& report, const Leaderboard& board);

/// What the style sheet needs for it, beside that of index_chart.
std::string_view cost_chart_style();

}  // namespace heed
