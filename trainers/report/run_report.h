#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/recipe/recipe.h"
#include "heed/trainers/report/report.h"

namespace heed {

/// Adds model, attention, number of parameters (where it is known) and what a step holds.
void add_model_facts(ReportInput& input, const Recipe& recipe, std::optional<int64_t> parameters);

/// Writes the page of a run that goes on, was stopped, diverged or has finished, from what its folder holds. The test
/// data are only looked at when the run has finished. What cannot be shown (there is no checkpoint, the data are gone
/// or others) is left out, and the page says why. `overrides` change the recipe ("data.root=...").
///
/// UserError where the folder holds no run or its recipe or metrics cannot be read, and as of write_report.
ReportInput write_report_of_run(const std::string& folder, const std::vector<std::string>& overrides);

}  // namespace heed
