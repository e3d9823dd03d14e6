#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "heed/attention/attention.h"
#include "heed/trainers/recipe/attention_settings.h"

namespace heed {

/// A number by which a task tells how good a model is.
struct BenchmarkMetric {
    std::string name;
    bool less_is_better = false;
};

/// Something that a model learns with the attention of one place in one pattern exchanged.
struct BenchmarkTask {
    std::string name;
    AttentionPattern pattern = AttentionPattern::noncausal_self;
    std::vector<BenchmarkMetric> metrics;
};

/// What one attention type came to in one task.
struct BenchmarkCell {
    std::map<int64_t, std::vector<double>> seeds;  ///< values of the task's metrics, in their order, by seed
    std::string reason;                            ///< why there are none
    std::optional<double> parameters = {}, training_seconds = {};  ///< means over the seeds, where they are known
    /// Whether it belongs to the cohort whose mean and deviation are the scale; others are only scored by it.
    bool in_cohort = true;
    std::optional<AttentionSettings> attention = {};  ///< which it is, where that is known

    bool is_empty() const { return seeds.empty(); }
    /// Over the seeds; not for an empty cell.
    double mean(size_t metric) const;
    std::vector<double> values(size_t metric) const;
};

/// Raw results: pattern x task x attention type x seed (CAB, Zhang et al., ICML 2023).
struct Benchmark {
    std::vector<BenchmarkTask> tasks;
    std::vector<std::string> types;
    std::string baseline;
    std::vector<std::vector<BenchmarkCell>> cells;  ///< by task and type

    /// A table with empty cells.
    Benchmark(std::vector<BenchmarkTask> all_tasks, std::vector<std::string> all_types, std::string baseline_type);

    /// The patterns that have tasks, in the order of AttentionPattern.
    std::vector<AttentionPattern> patterns() const;
    /// Indices of the tasks of a pattern.
    std::vector<size_t> tasks_of(AttentionPattern pattern) const;
    /// Index of a type, or the number of types where there is none such.
    size_t find_type(const std::string& type) const;
};

}  // namespace heed
