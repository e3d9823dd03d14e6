#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "heed/trainers/cab/attention_costs.h"
#include "heed/trainers/cab/benchmark.h"
#include "heed/trainers/cab/cohort.h"
#include "heed/trainers/cab/compositional_index.h"
#include "heed/trainers/cab/pattern_correlation.h"
#include "heed/trainers/comparison/report/comparison_text.h"
#include "heed/trainers/record/run_origin.h"

namespace heed {

/// All that is told of a benchmark.
struct BenchmarkReport {
    std::string title;
    Benchmark benchmark;
    Cohorts cohorts;
    std::vector<Leaderboard> boards;
    std::vector<PatternCorrelation> correlations;
    std::vector<PatternCosts> costs = {};                         ///< of each pattern; empty: they are not told
    std::vector<std::pair<std::string, std::string>> facts = {};  ///< label and value
    std::vector<std::string> notes = {};                          ///< sentences
    RunOrigin origin = {};                                        ///< what made it
    std::string grid_text = {};                                   ///< of the grid's file; empty: there is none

    BenchmarkReport(std::string title, Benchmark benchmark, Cohorts cohorts);

    /// Where there are costs.
    const PatternCosts& costs_of(AttentionPattern pattern) const;
};

/// "Noncausal self-attention (NS)".
std::string pattern_title(AttentionPattern pattern);

/// "Quality against cost (NS)".
std::string cost_title(AttentionPattern pattern);

/// "+0.123", "-" where there is none.
std::string index_text(const std::optional<double>& index);

/// Types of a pattern by rank, with spread over seeds, delta and the index of each task.
TextTable leaderboard_table(const BenchmarkReport& report, const Leaderboard& board);

/// The metrics of a task as they were measured.
TextTable raw_table(const BenchmarkReport& report, size_t task);

/// Empty cells and types without an average, with reasons: sentences.
std::vector<std::string> gaps_of(const BenchmarkReport& report, const Leaderboard& board);

/// The scale of each metric.
TextTable cohort_table(const BenchmarkReport& report);

TextTable correlation_table(const BenchmarkReport& report);

/// What a reader has to know of index, costs and runs, a sentence or some each.
std::vector<std::string> notes_of(const BenchmarkReport& report);
/// The same of correlations.
std::string note_on_correlations();

/// As text for a terminal.
std::string benchmark_text(const BenchmarkReport& report);
/// As a document.
std::string benchmark_markdown(const BenchmarkReport& report);

}  // namespace heed
