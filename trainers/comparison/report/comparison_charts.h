#pragma once

#include <string>

#include "heed/trainers/comparison/comparison.h"

namespace heed {

/// Validation and training curves of all runs: pale lines of the seeds, strong ones of their means. Empty where no run
/// was validated.
std::string comparison_curves(const Comparison& comparison);

/// Quality against costs, a mark for each contender, with the standard deviation over its seeds and the Pareto front.
std::string comparison_scatter(const Comparison& comparison);

/// Colours of the contenders in these charts, for the style sheet of their page.
std::string_view comparison_colours();

}  // namespace heed
