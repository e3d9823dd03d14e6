#pragma once

#include <memory>

#include "heed/layers/models/forecaster.h"
#include "heed/trainers/forecasts/forecast_facts.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// The model that a recipe describes, for windows of these facts. Not laid out yet. Throws UserError when the settings
/// do not fit each other.
std::unique_ptr<Forecaster> make_forecast_model(const Recipe& recipe, const ForecastFacts& facts);

}  // namespace heed
