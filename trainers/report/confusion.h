#pragma once

#include <string>
#include <vector>

#include "heed/trainers/loop/evaluation.h"

namespace heed {

/// The section on which classes were taken for which: a matrix up to 20 classes, above that the pairs most often
/// confused. `names` may be shorter than the number of classes; samples are called `unit` ("images").
std::string confusion_html(const Evaluation& test, const std::vector<std::string>& names, const std::string& unit);

/// Name of a class, "class 7" where the data has none.
std::string class_name(const std::vector<std::string>& names, int64_t label);

/// "Sports, Business", or "no label".
std::string class_list(const std::vector<std::string>& names, const std::vector<int32_t>& labels);

}  // namespace heed
