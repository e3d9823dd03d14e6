#pragma once

#include <string>
#include <vector>

#include "heed/trainers/comparison/comparison.h"

namespace heed {

/// Finished runs as contenders: those with the same settings, the seed left out, are one, called by its attention and,
/// where several have the same, by what else differs. Throws UserError where two runs differ in nothing.
std::vector<Contender> group_runs(std::vector<RunResult> runs);

/// What differs between contenders beside the attention, a sentence; empty: nothing does.
std::string other_differences(const std::vector<Contender>& contenders);

}  // namespace heed
