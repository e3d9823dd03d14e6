#pragma once

#include "heed/trainers/forecasts/forecast_facts.h"
#include "heed/trainers/forecasts/forecast_task.h"
#include "heed/trainers/report/report.h"

namespace heed {

/// Adds the result of a forecaster, a table of its errors beside those of naive forecasts, its error at each row of the
/// horizon, and pictures of some forecasts. `test` is the last evaluation of the task.
void add_forecast_sections(ReportInput& input, ForecastTask& task, const ForecastFacts& facts, const TimeSeries& series,
                           const Evaluation& test);

}  // namespace heed
