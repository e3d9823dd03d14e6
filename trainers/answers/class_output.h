#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

namespace heed {

/// "cat 98.12 %  dog 1.20 %": the `top` most probable classes.
std::string top_classes(const std::vector<std::string>& classes, std::span<const float> probabilities, int64_t top);

/// Adds label, class, probability and probabilities of a prediction.
void add_classes(nlohmann::ordered_json& json, const std::vector<std::string>& classes,
                 std::span<const float> probabilities);

/// "sports 98.12 %  long 71.20 %": the labels above 50 %, the most probable ones first; "no label" where there is none.
std::string given_labels(const std::vector<std::string>& labels, std::span<const float> probabilities);

/// Adds the labels above 50 % as indices (labels) and names (classes), and all probabilities.
void add_labels(nlohmann::ordered_json& json, const std::vector<std::string>& labels,
                std::span<const float> probabilities);

/// One line of JSON; what is not UTF-8 is replaced.
void print_json_line(const nlohmann::ordered_json& json);

}  // namespace heed
