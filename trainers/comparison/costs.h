#pragma once

#include <optional>
#include <span>
#include <string>

#include "heed/trainers/comparison/run_result.h"

namespace heed {

/// Something that a model costs, of which less is better.
struct CostMeasure {
    const char* name;   ///< in claims, CSV and JSON: "attention_parameters"
    const char* label;  ///< in tables: "attention parameters"
    bool is_measured;   ///< a time or an amount of memory, which differs from run to run
    std::optional<double> (*of)(const RunResult& run);
    std::string (*text)(double value);
};

/// In the order in which they are shown.
std::span<const CostMeasure> cost_measures();

/// The measure of that name; null where there is none.
const CostMeasure* find_cost_measure(const std::string& name);

}  // namespace heed
