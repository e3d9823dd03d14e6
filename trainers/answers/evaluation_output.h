#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/loop/evaluation.h"

namespace heed {

/// Adds the number of samples, the metrics and the time to a JSON object.
void add_metrics(nlohmann::ordered_json& json, const Evaluation& result);

/// The same with what is known of each class.
void add_evaluation(nlohmann::ordered_json& json, const Evaluation& result,
                    const std::vector<std::string>& class_names);

/// The same as lines for people, with a table of the classes or labels where there are any. `unit`: "images".
std::string evaluation_text(const Evaluation& result, const std::vector<std::string>& class_names,
                            const std::string& unit);

/// Prints what was measured behind the answers to a request: as text, as a last JSON object {"evaluation": ...}, or, so
/// that a CSV file stays a table, as text on standard error.
void print_evaluation(const Evaluation& result, const std::vector<std::string>& class_names, const std::string& unit,
                      const PredictRequest& request);

}  // namespace heed
