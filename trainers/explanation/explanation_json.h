#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "heed/trainers/explanation/explanation.h"
#include "heed/trainers/explanation/head_means.h"

namespace heed {

/// Everything that was found of a prediction, but the matrices.
nlohmann::ordered_json explanation_json(const Explanation& explanation);

/// What became of all heads and checks over so many predictions.
nlohmann::ordered_json heads_over_inputs_json(const std::vector<HeadExplanation>& heads,
                                              const SubstitutionCounts& checks);

/// What the measures find over so many inputs.
nlohmann::ordered_json measure_table_json(Removal removal, int64_t inputs, const std::vector<MeasureResult>& results);

}  // namespace heed
