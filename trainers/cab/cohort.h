#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/trainers/cab/benchmark.h"

namespace heed {

/// The scale of one metric: what types are scored against.
struct Cohort {
    double mean = 0.0;
    double deviation = 0.0;            ///< sample standard deviation (count - 1)
    int64_t count = 0;                 ///< of types
    std::vector<std::string> members;  ///< these types, where they are known
    std::string reason;                ///< why nothing can be scored by it; empty: it can

    /// How far a value lies on the better side of the mean, in deviations.
    double score(double value, bool less_is_better) const;
};

/// Cohorts of all metrics of all tasks, by task and metric.
using Cohorts = std::vector<std::vector<Cohort>>;

/// Fewer types tell nothing of how much types differ.
inline constexpr int64_t least_cohort = 3;

/// Those of the benchmark's own types, each with the mean over its seeds. A metric with fewer than three types, or with
/// the same value for all, has a reason instead.
Cohorts own_cohorts(const Benchmark& benchmark);

}  // namespace heed
