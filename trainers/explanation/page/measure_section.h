#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "heed/trainers/explanation/explained_sample.h"
#include "heed/trainers/explanation/removal_curves.h"

namespace heed {

/// Curves of comprehensiveness and sufficiency with their errors, and a table of areas and set sizes, over so many
/// inputs.
std::string measure_section(Removal removal, int64_t inputs, const std::vector<MeasureResult>& results);

std::string_view measure_style();

}  // namespace heed
