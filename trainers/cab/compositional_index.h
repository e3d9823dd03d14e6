#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/cab/benchmark.h"
#include "heed/trainers/cab/cohort.h"
#include "heed/trainers/comparison/statistics/statistics.h"

namespace heed {

/// The Compositional Index of one type in one pattern.
struct PatternIndex {
    std::string type;
    std::vector<std::optional<double>> tasks;  ///< of each task of the pattern: mean score over its metrics
    std::optional<double> index;               ///< mean over the tasks; nothing where one of them is missing
    std::optional<double> delta;               ///< to the baseline
    /// The index of each seed's values, scored by the same cohorts, of the seeds that have all tasks.
    Summary seeds;
    std::optional<Interval> interval;        ///< 95 % (Student's t) of its mean over seeds
    std::optional<Interval> delta_interval;  ///< the same of delta, paired by seed
    int64_t rank = 0;                        ///< from 1; 0: it has no index
    int64_t best_rank = 0, worst_rank = 0;   ///< over the seeds that all ranked types have; 0: there are none
    std::string reason = {};                 ///< why it has no index
};

/// All types in one pattern, those with an index first and the best at the top.
struct Leaderboard {
    AttentionPattern pattern = AttentionPattern::noncausal_self;
    std::vector<size_t> tasks;  ///< of the benchmark
    std::vector<PatternIndex> types;
    std::string reason = {};  ///< why nobody has an index

    const PatternIndex& of(const std::string& type) const;
};

/// The Compositional Index (CAB, Zhang et al., ICML 2023): the mean over a pattern's tasks of the mean over a task's
/// metrics of s (x - mean) / deviation, with mean and sample standard deviation of the metric's cohort and s = -1 where
/// less is better. One leaderboard a pattern that has tasks.
std::vector<Leaderboard> leaderboards(const Benchmark& benchmark, const Cohorts& cohorts);

}  // namespace heed
