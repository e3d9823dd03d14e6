#pragma once

#include "heed/trainers/kinds/training_kind.h"

namespace heed {

/// Forecasting of time series.
const TrainingKind& forecast_kind();

}  // namespace heed
