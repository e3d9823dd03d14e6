#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "heed/trainers/run/trained_model.h"

namespace heed {

/// The value of a setting that is a number.
double real_setting(const Recipe& recipe, const std::string& section, const std::string& leaf);

/// Of settings ("model.norm", "post") the first that a model does not have, as an obstacle to its export; empty: none.
/// "attention.type" means all its layers, which must have biases.
std::string differing_setting(const TrainedModel& model,
                              const std::vector<std::pair<std::string, std::string>>& wanted);

/// Adds id2label and label2id, where there are classes.
void add_class_names(nlohmann::ordered_json& config, const std::vector<std::string>& classes);

}  // namespace heed
