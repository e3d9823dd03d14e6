#pragma once

#include <string>

#include "heed/trainers/comparison/comparison.h"

namespace heed {

/// All of a comparison for programs: contenders, runs, claims. One JSON object.
std::string comparison_json(const Comparison& comparison);

/// A line for each run (RFC 4180, with line feeds): attention, seed, metrics of the test, costs, folder.
std::string comparison_csv(const Comparison& comparison);

}  // namespace heed
