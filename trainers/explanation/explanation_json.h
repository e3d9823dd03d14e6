#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "heed/trainers/explanation/explanation.h"

namespace heed {

/// Everything that was found of a prediction, but the matrices.
nlohmann::ordered_json explanation_json(const Explanation& explanation);

/// What the measures find over so many inputs.
nlohmann::ordered_json measure_table_json(Removal removal, int64_t inputs, const std::vector<MeasureResult>& results);

}  // namespace heed
