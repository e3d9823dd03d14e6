#pragma once

#include <span>

#include "heed/layers/models/forecaster.h"
#include "heed/layers/models/model_type.h"

namespace heed {

using ForecasterType = ModelType<Forecaster, ForecasterAttention, SeriesGeometry>;

/// All models of time series, in the order in which they are shown.
std::span<const ForecasterType> forecaster_types();

}  // namespace heed
