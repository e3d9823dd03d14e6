#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/benchmark/attention_benchmark_options.h"
#include "heed/trainers/benchmark/efficiency_length.h"
#include "heed/trainers/benchmark/quartiles.h"

namespace heed {

/// Seconds of a pass, over the passes that were measured.
struct PassTimes {
    Quartiles forward;
    Quartiles total;  ///< forward and backward
    int64_t runs = 0;
};

/// Bytes beside weights, their gradients and inputs.
struct PassBytes {
    int64_t forward = 0;
    int64_t total = 0;     ///< forward and backward
    bool counted = false;  ///< without computing, on the device `shapes`
};

/// A type in a pattern at a length.
struct AttentionBenchmarkCell {
    size_t type = 0;  ///< in AttentionBenchmarkPlan::types
    AttentionPattern pattern = AttentionPattern::noncausal_self;
    int64_t length = 0;
    double multiplies = 0.0;  ///< multiply-adds of a forward pass; 0 where there is no layer
    std::optional<PassTimes> times;
    std::optional<PassBytes> bytes;
    std::string reason;  ///< why there are no times
};

/// What can be measured of a cell.
enum class AttentionCost : uint8_t { forward_time, total_time, forward_memory, total_memory };

inline constexpr AttentionCost attention_costs[] = {AttentionCost::forward_time, AttentionCost::total_time,
                                                    AttentionCost::forward_memory, AttentionCost::total_memory};

/// "forward_seconds", "total_seconds", "forward_bytes", "total_bytes".
const char* cost_id(AttentionCost cost);
/// "time, forward" and so on.
const char* cost_label(AttentionCost cost);

/// Seconds (the median) or bytes; nothing in an empty cell.
std::optional<double> cost_of(const AttentionBenchmarkCell& cell, AttentionCost cost);

/// How a type compares with sdpa in a pattern.
struct TypeEfficiency {
    size_t type = 0;
    AttentionPattern pattern = AttentionPattern::noncausal_self;
    AttentionCost cost = AttentionCost::forward_time;
    EfficiencyLength fitted;
    MeasuredCrossing measured;
};

struct AttentionBenchmark {
    AttentionBenchmarkPlan plan;
    std::vector<std::pair<std::string, std::string>> facts;  ///< about machine and method, with their names
    std::vector<AttentionBenchmarkCell> cells;               ///< by pattern, then length, then type
    std::vector<TypeEfficiency> efficiencies;                ///< by pattern, type and cost; empty without sdpa

    const AttentionBenchmarkCell& cell(AttentionPattern pattern, int64_t length, size_t type) const;
    const std::string name_of(size_t type) const { return plan.types[type].type->name; }
};

/// Is told, before they are measured, which pattern and length come next.
using AttentionBenchmarkProgress = std::function<void(AttentionPattern pattern, int64_t length)>;

/// Measures all of the plan, the passes of the types of a pattern and length in turn. What cannot be measured is an
/// empty cell with its reason. Sets the number of threads. Throws Stopped when asked to end.
AttentionBenchmark measure_attention(const AttentionBenchmarkPlan& plan, const AttentionBenchmarkProgress& progress);

/// The efficiencies that the cells of all types but sdpa have.
std::vector<TypeEfficiency> type_efficiencies(const AttentionBenchmark& benchmark);

}  // namespace heed
