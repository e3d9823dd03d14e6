#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/benchmark/attention_benchmark.h"
#include "heed/trainers/cab/benchmark.h"

namespace heed {

/// What `heed bench attention` has measured.
struct CostFile {
    std::string file;
    AttentionBenchmark measured;
};

/// Reads what `heed bench attention --json` has written. Throws UserError where a file cannot be read or lacks sdpa,
/// with which costs are compared, where files were not measured alike (the layer, the lengths, the device, the
/// threads), and where two have measured the same type with the same settings in a pattern.
std::vector<CostFile> read_cost_files(const std::vector<std::string>& files);

/// Throws UserError unless the baseline of a benchmark, which is of that attention type, is the one that costs are
/// compared with.
void check_cost_baseline(const std::vector<CostFile>& files, const std::string& baseline, const std::string& type);

/// A cost of a type beside that of the baseline.
struct ComparedCost {
    std::optional<double> relative;  ///< to the baseline's at PatternCosts::length
    EfficiencyLength fitted;
    MeasuredCrossing measured;
};

/// The costs of a type in a pattern.
struct TypeCosts {
    std::string type;                        ///< of the benchmark
    std::string file = {};                   ///< where they stand; empty: there are none
    std::array<ComparedCost, 4> costs = {};  ///< by AttentionCost
    std::string reason = {};                 ///< why there are none, or no time at that length

    bool is_empty() const { return file.empty(); }
    const ComparedCost& of(AttentionCost cost) const { return costs[static_cast<size_t>(cost)]; }
};

/// The costs of all types of a benchmark in a pattern.
struct PatternCosts {
    AttentionPattern pattern = AttentionPattern::noncausal_self;
    /// By AttentionCost: the greatest length at which it is known of the baseline; 0 where it is at none.
    std::array<int64_t, 4> lengths = {};
    std::vector<TypeCosts> types;

    int64_t length(AttentionCost cost) const { return lengths[static_cast<size_t>(cost)]; }
    const TypeCosts& of(const std::string& type) const;
};

/// For each pattern of a benchmark, what its types cost. A type has costs where a file has measured it, and the
/// baseline, with all the settings that it has in the tasks of the pattern; else it has the reason why not.
std::vector<PatternCosts> pattern_costs(const Benchmark& benchmark, const std::vector<CostFile>& files);

}  // namespace heed
