#pragma once

#include <string>
#include <vector>

#include "heed/trainers/metrics/classification.h"

namespace heed {

/// The section on how well each label was found where a sample can have several: precision, recall, F1 and the number
/// of samples, which are called `unit` ("texts").
std::string label_table_html(const std::vector<ClassScore>& labels, const std::vector<std::string>& names,
                             const std::string& unit);

/// The section on how well each class was found: the same, in the order of the classes; of more than 500, those of the
/// lowest F1.
std::string class_table_html(const std::vector<ClassScore>& classes, const std::vector<std::string>& names,
                             const std::string& unit);

}  // namespace heed
